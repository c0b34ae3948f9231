#include "app/programs/exec_source.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <utility>

#include "app/programs/child_record.h"
#include "app/services/event_service.h"
#include "app/services/traffic.h"
#include "base/cat.h"
#include "net/socket/pipe_transport.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

// A program that closes its output is about to end, and its exit status gives the reason.
constexpr auto kAfterItsEnd = 500ms;

}  // namespace

ExecSources::ExecSources(Traffic& traffic)
    : traffic_(traffic), null_device_(::open("/dev/null", O_RDWR | O_CLOEXEC)) {}

ExecSources::~ExecSources() = default;

std::string ExecSources::about(const Running& running) {
  return cat({"relay ", running.mount, ": program ", running.words.front()});
}

ChildProcess::Callbacks ExecSources::callbacks_of(std::uint64_t id, std::string text) {
  return {[this, text = std::move(text)](std::string_view line) {
            traffic_.log.info("relay/exec", cat({text, " says: ", line}));
          },
          [this, id](const ChildEnd& end) { on_end(id, end); }};
}

std::unique_ptr<Transport> ExecSources::transport_of(std::uint64_t id, UniqueFd output) {
  Loop& control = traffic_.loops.control();
  return std::make_unique<PipeTransport>(std::move(output), [this, &control, id](bool at_end) {
    control.post([this, id, at_end] { reader_gone(id, at_end); });
  });
}

Result<std::unique_ptr<Transport>> ExecSources::start(const std::string& mount,
                                                      const std::vector<std::string>& words) {
  const std::uint64_t id = next_id_++;
  Running running;
  running.mount = mount;
  running.words = words;
  const std::string text = about(running);
  auto child = ChildProcess::start(traffic_.loops.control(),
                                   {words, passed_on_environment(), null_device_.get()},
                                   callbacks_of(id, text));
  if (!child) return child.error();
  traffic_.log.info("relay/exec", cat({text, " runs as process ", (*child)->pid()}));
  if (ended_.erase(mount) > 0)
    traffic_.counters.exec_restarts.fetch_add(1, std::memory_order_relaxed);
  UniqueFd output = (*child)->take_output();
  running.output = output.get();
  running.child = std::move(*child);
  running_.emplace(id, std::move(running));
  return transport_of(id, std::move(output));
}

void ExecSources::reader_gone(std::uint64_t id, bool at_end) {
  const auto at = running_.find(id);
  if (at == running_.end()) return;
  Running& running = at->second;
  running.asked = !at_end;
  running.output = -1;
  if (!at_end) {
    running.child->terminate();
    return;
  }
  running.patience = std::make_unique<Timer>(traffic_.loops.control(),
                                             [child = running.child.get()] { child->terminate(); });
  running.patience->after(kAfterItsEnd);
}

void ExecSources::on_end(std::uint64_t id, const ChildEnd& end) {
  const auto at = running_.find(id);
  const Running running = std::move(at->second);
  running_.erase(at);
  const std::string how = cat({to_text(end), " after ", end.lasted.count(), "ms"});
  const std::string text = cat({about(running), " ", how});
  if (running.asked) {
    traffic_.log.info("relay/exec", text + ", as it was asked to");
    return;
  }
  traffic_.log.warn("relay/exec", text);
  ended_.insert(running.mount);
  traffic_.events->publish("exec-ended", running.mount,
                           {{"program", running.words.front()},
                            {"status", end.known ? std::to_string(end.status) : "unknown"},
                            {"signal", end.known ? std::to_string(end.signal) : "unknown"},
                            {"lasted-ms", std::to_string(end.lasted.count())}});
}

void ExecSources::begin_save() {
  for (auto& [id, running] : running_) running.handed = false;
}

std::optional<ProgramRecord> ExecSources::save(std::uint64_t lease, int output, FdsOut& fds) {
  for (auto& [id, running] : running_) {
    if (running.output != output || !running.child || !running.child->can_be_handed()) continue;
    running.handed = true;
    return ProgramRecord{lease, running.mount, running.words, save_child(*running.child, fds)};
  }
  return std::nullopt;
}

void ExecSources::hand_over() {
  for (const auto& [id, running] : running_)
    if (running.handed && running.child) running.child->let_go();
  running_.clear();
}

Result<void> ExecSources::take_over(const ProgramRecord& saved, FdsIn& fds) {
  auto child = restore_child(saved.child, fds);
  if (!child || saved.words.empty() || taken_.contains(saved.mount))
    return Error::invalid(cat({"the program of ", saved.mount, " lacks a descriptor or a place"}));
  Taken taken;
  taken.id = next_id_++;
  taken.lease = saved.lease;
  taken.child = std::move(*child);
  Running running;
  running.mount = saved.mount;
  running.words = saved.words;
  running_.emplace(taken.id, std::move(running));
  taken_.emplace(saved.mount, std::move(taken));
  return {};
}

std::unique_ptr<Transport> ExecSources::reading(const std::string& mount, std::uint64_t lease,
                                                UniqueFd output) {
  const auto at = taken_.find(mount);
  struct stat what {};
  if (at == taken_.end() || at->second.lease != lease || ::fstat(output.get(), &what) != 0 ||
      !S_ISFIFO(what.st_mode))
    return nullptr;
  running_.find(at->second.id)->second.output = output.get();
  return transport_of(at->second.id, std::move(output));
}

void ExecSources::go_on() {
  for (auto& [mount, taken] : std::exchange(taken_, {})) {
    Running& running = running_.find(taken.id)->second;
    running.child =
        ChildProcess::adopt(traffic_.loops.control(), std::move(taken.child),
                            ChildSpec{}.lines_a_second, callbacks_of(taken.id, about(running)));
    traffic_.log.info("relay/exec",
                      cat({about(running), " goes on as process ", running.child->pid()}));
  }
}

}  // namespace lb
