// DnsHook: the operator's program that sets and removes the records by which a name is shown to be
// ours (dns-01): one run at a time, without a shell.
//
//   PROGRAM add|remove _acme-challenge.example.org VALUE
//
// Thread: control.
// Ownership: a CertificateService.
// Bounds: a run ends by kRunTime; as many records as an order has authorizations.
// Errors: the reason reaches the callback of add(); a record that cannot be removed is a line.
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

  // then: once, and not before this returns; not after forget().
  void add(const std::string& program, const std::string& name, const std::string& value,
           Then then);
  // Every record that was added; what is added later comes behind it.
  void remove_all();
  void forget();  // no callback is called any more

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
