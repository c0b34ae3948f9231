// Reports wrong and right passwords to the throttle (auth/guard/throttle.h) and to the guard of
// logins (auth/guard/login_guard.h), and asks them, for every stage that compares passwords.
// Thread: the connection's worker.
// Source: doc/authentication.md.
#pragma once

#include <chrono>
#include <string_view>

#include "http/connection.h"

namespace lb {

struct Config;
struct Worker;

// Counts a wrong password of this peer for this name.
void note_wrong_password(Worker& worker, const Connection& connection, std::string_view user);
// Counts and logs it.
void note_wrong_login(Worker& worker, Connection& connection, std::string_view user);
// Whether a password that is not right here is a guess: it is not right for some other purpose, and
// was not right before from this peer.
bool is_guess(const Worker& worker, Connection& connection, const Credentials& given);
// Counts and logs the request's password, if it is a guess.
void note_guess(Worker& worker, Connection& connection);

// Passwords of the configuration are compared before the throttle is asked, so a right one gets in
// however many wrong ones come from its address.  True: a flood of guesses has closed even this
// (auth/guard/throttle.h).
bool is_shut_out(Worker& worker, const Connection& connection, const Credentials& given);
bool answer_if_shut_out(Worker& worker, Connection& connection, const Credentials& given);
void note_right_password(Worker& worker, const Connection& connection, const Credentials& given);

// True: the peer has guessed too often with this name, and has got 429.  Neither a backend nor a
// hash is then used.
bool answer_if_throttled(Worker& worker, Connection& connection, std::string_view user);
// Whether it has, and this password was never right from there.
bool is_throttled(const Worker& worker, const Connection& connection, const Credentials& given);

// Judges a password of the file's administrator: where logins are on, LoginGuard counts it like a
// user's.  True: the sender has to wait, and has got 429.  False for all other names.
bool answer_if_guarded(Worker& worker, Connection& connection, const Credentials& given,
                       bool right);
// Answers 429 to a login that LoginGuard holds back for so long.
Verdict reply_slowed(Worker& worker, Connection& connection, std::chrono::seconds wait);

// Whether the password is right for some other purpose: then it is not a guess.
bool is_known_password(const Config& config, const Credentials& given);

}  // namespace lb
