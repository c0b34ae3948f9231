// DnsHook: runs the operator's program that sets and removes DNS records to prove a name (dns-01):
// one run at a time, without a shell.
//
//   PROGRAM add|remove _acme-challenge.example.org VALUE
//
// Thread: control.
// Ownership: a CertificateService.
// Bounds: kRunTime for a run; as many records as an order has authorizations.
// Errors: the callback of add() gets the reason; a failed removal is logged.
// Source: RFC 8555 8.4.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "net/loop/child_process.h"
#include "net/loop/loop.h"

namespace lb {

class DnsHook {
 public:
  static constexpr std::chrono::seconds kRunTime{120};
  using Then = std::function<void(Result<void>)>;

  DnsHook(Loop& control, Log& log);

  // then: called once, after this returns, and never after forget().
  void add(const std::string& program, const std::string& name, const std::string& value,
           Then then);
  // Removes all added records; later calls of add() run after that.
  void remove_all();
  void forget();  // drops all callbacks

 private:
  struct Run {
    std::vector<std::string> words;  // program, verb, name, value
    Then then;                       // of add
  };
  void begin();
  void end(Result<void> result);

  Loop& loop_;
  Log& log_;
  UniqueFd null_;
  std::deque<Run> runs_;  // the first is under way
  std::vector<std::vector<std::string>> added_;
  std::string last_line_;  // of its standard error
  bool is_late_ = false;
  std::unique_ptr<ChildProcess> child_;
  Timer late_, next_;
};

}  // namespace lb
