// What the command line does for logins: --passwd and --rotate-keys.
// Thread: the main thread; there is no other.
#pragma once

#include <string>

#include "program/options.h"

namespace lb {

// Reads a password from the terminal, twice and without showing it, or the first line of standard
// input; prints "USER:HASH", or the hash alone.  Returns the exit status.
int hash_given_password(const std::string& user);

// The same password for this user of the store of the server that runs with the configuration: that
// server writes it, and the user's sessions end.  Returns the exit status.
int set_given_password(const Options& options);

// Puts a new key in front of the key file of the configuration's state directory; a server that
// runs takes it within LoginService::kPoll.  Returns the exit status.
int rotate_session_keys(const Options& options);

}  // namespace lb
