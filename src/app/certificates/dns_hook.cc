#include "app/certificates/dns_hook.h"

#include <fcntl.h>

#include <utility>

#include "acme/answer.h"
#include "base/cat.h"

namespace lb {
namespace {

constexpr std::string_view kHookModule = "tls/acme";

}  // namespace

DnsHook::DnsHook(Loop& control, Log& log)
    : loop_(control),
      log_(log),
      null_(::open("/dev/null", O_RDWR | O_CLOEXEC)),
      late_(control,
            [this] {
              is_late_ = true;
              if (child_) child_->terminate();
            }),
      next_(control, [this] { begin(); }) {}

void DnsHook::add(const std::string& program, const std::string& name, const std::string& value,
                  Then then) {
  added_.push_back({program, "remove", name, value});
  runs_.push_back({{program, "add", name, value}, std::move(then)});
  if (runs_.size() == 1) next_.after(std::chrono::microseconds(0));
}

void DnsHook::remove_all() {
  const bool idle = runs_.empty();
  for (auto& words : std::exchange(added_, {})) runs_.push_back({std::move(words), nullptr});
  if (idle && !runs_.empty()) next_.after(std::chrono::microseconds(0));
}

void DnsHook::forget() {
  for (Run& run : runs_) run.then = nullptr;
}

void DnsHook::begin() {
  ChildSpec spec;
  spec.words = runs_.front().words;
  spec.environment = passed_on_environment();
  spec.null_device = null_.get();
  last_line_.clear();
  is_late_ = false;
  auto started = ChildProcess::start(
      loop_, spec,
      {[this](std::string_view line) { last_line_ = cleaned_text(line); },
       [this](const ChildEnd& ended) {
         if (ended.status == 0 && ended.signal == 0) return end({});
         std::string why =
             is_late_ ? cat({"had not ended after ", kRunTime.count(), " s"}) : to_text(ended);
         if (!last_line_.empty()) why += cat({" (", last_line_, ")"});
         end(Error::io(cat({runs_.front().words[0], " ", runs_.front().words[1], " ", why})));
       }});
  if (!started) return end(started.error());
  child_ = std::move(*started);
  late_.after(kRunTime);
}

void DnsHook::end(Result<void> result) {
  late_.cancel();
  const Run run = std::move(runs_.front());
  runs_.pop_front();
  // Later, because the child that may be calling this has to be destroyed first.
  if (!runs_.empty()) next_.after(std::chrono::microseconds(0));
  const auto ended = std::move(child_);
  if (run.then) return run.then(std::move(result));
  if (!result)
    log_.warn(kHookModule,
              cat({result.error().what, "; the record ", run.words[2], " may be there still"}));
}

}  // namespace lb
