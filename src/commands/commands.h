// The commands of icelb (commands/main.cc).
// Thread: main; where a command waits it has a loop of its own.  No server runs in this process.
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
// print: gets the lines as they come; without it they are in the answer.
Answer answer_simulation(const Options& options, const SimulationPrinter& print = {});
// Whether an audit log is whole.  Lines without bound, one at a time.
Answer answer_check_audit(const std::string& path);
// --report: of the audience, from the database of a configuration, whether its server runs or not:
// the report, or what it says of the file that has it.
Answer answer_report(const Options& options, WallTime now);

// -- the following print what they have done, and return the exit status
// --drain: orders the server that runs with a configuration file to drain, and waits for it.  0:
// empty, or its time is over, or it has ended; 1: the order did not reach it.
int drain_node(const Options& options);

// --check-https: whether the certificate of <acme> can be ordered from here: what each name leads
// to, which server answers there, the authority, and the clock.  It changes nothing but a file of
// the web root, for as long as it is asked for.  0: nothing speaks against it, 1: something does.
int check_https(const Options& options);

// --passwd: reads a password from the terminal, twice and without showing it, or the first line of
// standard input; prints "USER:HASH", or the hash alone.
int hash_given_password(const std::string& user);
// The same password for this user of the store of the server that runs with the configuration: that
// server writes it, and the user's sessions end.
int set_given_password(const Options& options);

// --rotate-keys: puts a new key in front of the key file of the configuration's state directory; a
// server that runs takes it within LoginService::kPoll.
int rotate_session_keys(const Options& options);

// --store-copy: all records of one store into another.  A store is named by a configuration file,
// whose <store> it is, or as files:DIRECTORY.
int copy_store(const Options& options);
// --store-rebuild: the records of last good copies into the <store> of the configuration file: of
// the newest of masters' copies, or of nodes' copies together.
int rebuild_store(const Options& options);

// "http://127.0.0.1:8000"; "": no listen-socket speaks plain HTTP on a port of its own.
std::string local_url(const Config& config);

}  // namespace lb
