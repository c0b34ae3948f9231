// Wrong and right passwords of a request, told to the throttle and asked of it
// (auth/guard/throttle.h), for every stage that compares one.
// Thread: the connection's worker.
// Source: doc/authentication.md.
#pragma once

#include <string_view>

#include "http/connection.h"

namespace lb {

struct Config;
struct Worker;

// From this peer and for this name, a wrong password has been given.
void note_wrong_password(Worker& worker, const Connection& connection, std::string_view user);

// A password of the configuration is compared before anything else is asked: a right one gets in,
// however many wrong ones come from the same address.  True: a flood of them
// (auth/guard/throttle.h).
bool is_shut_out(Worker& worker, const Connection& connection, const Credentials& given);
bool answer_if_shut_out(Worker& worker, Connection& connection, const Credentials& given);
void note_right_password(Worker& worker, const Connection& connection, const Credentials& given);

// True: the peer has guessed too often with this name, and has been told so; what costs a backend
// or a hash to judge is skipped then.
bool answer_if_throttled(Worker& worker, Connection& connection, std::string_view user);

// Whether these are right for some purpose: then they are no guess, only in the wrong place.
bool is_known_password(const Config& config, const Credentials& given);

}  // namespace lb
