#include "app/cluster/exec_source.h"

#include <fcntl.h>

#include <utility>

#include "app/services/event_service.h"
#include "base/cat.h"
#include "net/pipe_transport.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

// A program that closes its output is about to end, and has its own word for why.
constexpr auto kAfterItsEnd = 500ms;

}  // namespace

ExecSources::ExecSources(Services& services)
    : services_(services), null_device_(::open("/dev/null", O_RDWR | O_CLOEXEC)) {}

ExecSources::~ExecSources() = default;

Result<std::unique_ptr<Transport>> ExecSources::start(const std::string& mount,
                                                      const std::vector<std::string>& words) {
  Loop& control = services_.loops.control();
  const std::uint64_t id = next_id_++;
  const std::string about = cat({"relay ", mount, ": program ", words.front()});
  auto child =
      ChildProcess::start(control, {words, passed_on_environment(), null_device_.get()},
                          {[this, about](std::string_view line) {
                             services_.log.info("relay/exec", cat({about, " says: ", line}));
                           },
                           [this, id](const ChildEnd& end) { on_end(id, end); }});
  if (!child) return child.error();
  services_.log.info("relay/exec", cat({about, " runs as process ", (*child)->pid()}));
  if (ended_.erase(mount) > 0)
    services_.counters.exec_restarts.fetch_add(1, std::memory_order_relaxed);
  UniqueFd output = (*child)->take_output();
  running_.emplace(id, Running{mount, words.front(), false, std::move(*child), nullptr});
  return std::unique_ptr<Transport>(
      std::make_unique<PipeTransport>(std::move(output), [this, &control, id](bool at_end) {
        control.post([this, id, at_end] { reader_gone(id, at_end); });
      }));
}

void ExecSources::reader_gone(std::uint64_t id, bool at_end) {
  const auto at = running_.find(id);
  if (at == running_.end()) return;
  Running& running = at->second;
  running.asked = !at_end;
  if (!at_end) {
    running.child->terminate();
    return;
  }
  running.patience = std::make_unique<Timer>(services_.loops.control(),
                                             [child = running.child.get()] { child->terminate(); });
  running.patience->after(kAfterItsEnd);
}

void ExecSources::on_end(std::uint64_t id, const ChildEnd& end) {
  const auto at = running_.find(id);
  const Running running = std::move(at->second);
  running_.erase(at);
  const std::string how = cat({to_text(end), " after ", end.lasted.count(), "ms"});
  const std::string text = cat({"relay ", running.mount, ": program ", running.program, " ", how});
  if (running.asked) {
    services_.log.info("relay/exec", text + ", as it was asked to");
    return;
  }
  services_.log.warn("relay/exec", text);
  ended_.insert(running.mount);
  services_.events->publish("exec-ended", running.mount,
                            {{"program", running.program},
                             {"status", std::to_string(end.status)},
                             {"signal", std::to_string(end.signal)},
                             {"lasted-ms", std::to_string(end.lasted.count())}});
}

}  // namespace lb
