// What a build under ThreadSanitizer reads before each file.  Its library (gcc 12, clang 14) does
// not know the pthread_*_clocklock calls of std::timed_mutex: a lock taken by them is no lock, and
// each access behind it a race.  Without these two libstdc++ calls pthread_mutex_timedlock, which
// it knows.
#pragma once

#include <version>

#undef _GLIBCXX_USE_PTHREAD_MUTEX_CLOCKLOCK
#undef _GLIBCXX_USE_PTHREAD_RWLOCK_CLOCKLOCK
