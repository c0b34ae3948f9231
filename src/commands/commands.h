// The commands of icelb (commands/main.cc).
// Thread: main; a command that waits has a loop of its own.  No server runs in this process.
// Errors: a sentence on standard error, and status 1.
#pragma once

#include <string>

#include "base/clock.h"
#include "commands/simulation/report.h"
#include "config/settings/config.h"
#include "program/options.h"

namespace lb {

// -- what changes nothing but the file that it makes
Answer answer_import(const Options& options);
// print: receives the lines as they are made; without it they are in the answer.
Answer answer_simulation(const Options& options, const SimulationPrinter& print = {});
// Checks an audit log of any length, one line at a time.
Answer answer_check_audit(const std::string& path);
// --report: a report of the audience from the database of a configuration, also while its server
// runs; or a sentence about the file with the report.
Answer answer_report(const Options& options, WallTime now);

// -- the following print what they have done, and return the exit status
// --drain: orders the server that runs with a configuration file to drain, and waits.  0: the
// server is empty or has ended, or its time is over; 1: it could not be ordered.
int drain_node(const Options& options);

// --check-https: checks whether the certificate of <acme> can be ordered from here: the address of
// each name, the server that answers there, the authority, and the clock.  It only creates a file
// in the web root for that time.  0: no obstacle was found; 1: otherwise.
int check_https(const Options& options);

// --passwd: reads a password from the terminal, twice and without showing it, or the first line of
// standard input; prints "USER:HASH", or the hash alone.
int hash_given_password(const std::string& user);
// Sets this password for a user of the store by the server that runs with the configuration; the
// user's sessions end.
int set_given_password(const Options& options);

// --rotate-keys: puts a new key in front of the key file in the state directory; a running server
// reads it within LoginService::kPoll.
int rotate_session_keys(const Options& options);

// --store-copy: copies all records of a store into another.  A store is named by a configuration
// file with <store>, or by files:DIRECTORY.
int copy_store(const Options& options);
// --store-rebuild: writes the records of last good copies into the <store> of the configuration
// file: from the newest copy of a master, or from the joined copies of nodes.
int rebuild_store(const Options& options);

// "http://127.0.0.1:8000"; "": no listen-socket offers plain HTTP on a port of its own.
std::string local_url(const Config& config);

}  // namespace lb
