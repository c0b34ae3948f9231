#include "app/handover/handover.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <utility>

#include "app/audience/audience_service.h"
#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/node_links.h"
#include "app/cluster/relay_service.h"
#include "app/cluster/slot_service.h"
#include "app/handover/handover_records.h"
#include "app/handover/pump_process.h"
#include "app/operate/record_service.h"
#include "app/programs/dead_air_service.h"
#include "app/services/archive_service.h"
#include "app/services/hls_service.h"
#include "app/services/mount_files.h"
#include "app/services/tls_pumps.h"
#include "app/services/worker.h"
#include "auth/listener/authenticators.h"
#include "base/cat.h"
#include "hls/list_record.h"
#include "http/connections.h"
#include "program/process.h"
#include "stream/listener/loop_streams.h"
#include "stream/source/dump_writer.h"
#include "stream/source/source_admission.h"
#include "stream/source/source_set.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kUpgradeModule = "app/handover";
constexpr auto kRest = 100ms;  // between two checks whether all can move
constexpr auto kMayRest = 5s;
constexpr auto kAnswers = 2s;  // for pending answers of backends
constexpr auto kAnswerPoll = 10ms;
constexpr auto kListed = 5s;  // for answers of directories
constexpr auto kRemainderPoll = 20ms;
constexpr std::chrono::duration<int, std::milli> kDies{500};
constexpr auto kReap = 1s;

std::int64_t milliseconds(SteadyTime::duration time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

}  // namespace

Handover::Handover(Network& network, const ListenSockets& sockets, Notifier& notifier,
                   HandoverPlan plan, Standing standing)
    : network_(network),
      sockets_(sockets),
      notifier_(notifier),
      plan_(std::move(plan)),
      standing_(std::move(standing)),
      pause_(network.loops),
      deadline_(network.loops.control(),
                [this] {
                  failed(step_ == Step::kPreparing
                             ? "the new program was not ready in time"
                             : "files were not at rest in time; is their disk slow?");
                }),
      again_(network.loops.control(), [this] { freeze(); }),
      answers_(network.loops.control(), [this] { rest_records(); }),
      reap_(network.loops.control(), [this] { reap(); }) {}

// A server that ends also ends its unfinished successor.
Handover::~Handover() { end_successor(); }

// It mostly ends at once; one that waits for a dead disk only when that answers.
void Handover::end_successor() {
  if (successor_ <= 0) return;
  ::kill(successor_, SIGKILL);
  const UniqueFd its(static_cast<int>(::syscall(SYS_pidfd_open, successor_, 0)));
  pollfd end{its.get(), POLLIN, 0};
  if (its) ::poll(&end, 1, kDies.count());
  dying_.push_back(std::exchange(successor_, 0));
  reap();
}

void Handover::reap() {
  std::erase_if(dying_, [](pid_t pid) { return ::waitpid(pid, nullptr, WNOHANG) != 0; });
  if (!dying_.empty()) reap_.after(kReap);
}

void Handover::start(std::uint64_t asker) {
  // It asks again, or has had its answer and has left.
  if (asker != 0 && asker == asker_ && (step_ != Step::kIdle || !socket_to(asker))) return;
  if (step_ != Step::kIdle) {
    network_.log.warn(kUpgradeModule, "an upgrade is under way already; this one is not begun");
    tell(asker, "an upgrade is under way already", false);
    return;
  }
  asker_ = asker;
  std::string why = plan_.obstacle();
  if (why.empty()) why = plan_.lack();
  if (!why.empty()) return failed(why);
  step_ = Step::kPreparing;
  ++turn_;
  notifier_.reloading(network_.clock.steady());
  if (auto offered = offer(); !offered) return failed(offered.error().what);
  network_.log.info(kUpgradeModule, cat({"an upgrade begins: process ", successor_, " of ",
                                         plan_.launch.program, " gets ready"}));
  watch_.start<&Handover::on_channel>(network_.loops.control(), channel_.fd(), EV_READ, this);
  deadline_.after(kPrepare);
}

void Handover::on_channel(short) {
  if (step_ != Step::kPreparing) return;
  auto parcel = receive_parcel(channel_, 1s);
  if (!parcel) return failed(cat({"the new program has ended: ", parcel.error().what}));
  RecordList list(parcel->bytes);
  auto head = list.next();
  if (!head || !*head) return failed("the new program has said nothing that is known");
  const auto type = static_cast<HandoverType>((*head)->type);
  WordRecord word;
  RecordIn in("answer", (*head)->bytes);
  record_fields(in, word);
  if (auto read = in.done(); !read) return failed(read.error().what);
  if (type != HandoverType::kPrepared) return failed(cat({"the new program refuses: ", word.text}));
  in_parts_ = word.in_parts;
  rests_ = word.rests;
  files_ = word.files;
  shared_ = word.shared;
  has_titles_ = word.titles;
  has_records_ = records_revision_ != 0 && word.records_revision == records_revision_;
  watch_.stop();
  listed_by_ = network_.loops.control().now() + kListed;
  // Before the pause, as the file may have many megabytes.
  plan_.write_charts([this, turn = turn_] {
    if (turn == turn_ && step_ == Step::kPreparing) freeze();
  });
}

// Files rest twice, first while no client waits: their disk may take seconds.
void Handover::freeze() {
  // The answer to an addition has the id by which its stream is removed.  No client waits yet.
  if (plan_.adds_listings() && network_.loops.control().now() < listed_by_)
    return again_.after(kRest);
  step_ = Step::kFreezing;
  ++turn_;
  rest_files([this] {
    files_go_on();
    rest_records();
  });
}

void Handover::rest_records() {
  // The next process would ask again, and backends count every question.
  network_.auth->hold(true);
  const SteadyTime now = network_.loops.control().now();
  if (!std::exchange(clients_wait_, true)) since_ = now;
  const bool awaits = network_.auth->asks() || network_.links->nodes().awaits_results();
  if (awaits && now - since_ < kAnswers) return answers_.after(kAnswerPoll);
  network_.records->rest([this, turn = turn_](const std::string& why) {
    if (turn != turn_) return;  // the hand-over was given up
    if (!why.empty()) return failed(why);
    rest_files([this] { pause(); });
  });
}

void Handover::rest_files(std::function<void()> then) {
  const auto turn = turn_;
  network_.archive->rest([this, turn, then = std::move(then)](std::optional<ArchiveRecord> saved) {
    if (turn != turn_) return;
    archive_ = std::move(saved);
    network_.dumps->rest([this, turn, then](std::vector<DumpRecord> dumps) {
      network_.loops.control().post([this, turn, then, dumps = std::move(dumps)]() mutable {
        if (turn != turn_) return;
        dumps_ = std::move(dumps);
        network_.dead_air->rest([this, turn, then] {
          if (turn != turn_) return;
          network_.listenings->rest([this, turn, then] {
            if (turn == turn_) then();
          });
        });
      });
    });
  });
}

void Handover::files_go_on() {
  network_.archive->go_on();
  network_.dumps->go_on();
  network_.dead_air->go_on();
  network_.listenings->resume();
}

void Handover::writers_go_on() {
  ++turn_;
  network_.records->go_on();
  files_go_on();
}

void Handover::pause() {
  // Posted, because the pause runs the inbox.
  pause_.begin(kFreeze, [this](const Result<void>& rests) { frozen(rests); });
}

void Handover::frozen(const Result<void>& rests) {
  // An order since the start, such as a drain, lasts longer than a moment.
  if (const std::string order = plan_.obstacle(); !order.empty()) {
    pause_.end();
    return failed(order);
  }
  // Nothing is held in this case: loops that are busy now will be idle at another moment.
  std::string why = rests ? obstacle() : rests.error().what;
  if (why.empty()) {
    const SteadyTime began = pause_.since();
    const auto worked = network_.clock.thread_work();
    if (auto given = give(); !given) {
      why = given.error().what;
      pause_.end();
      return failed(why);
    }
    // Before the announcing log line, so that signals sent after that reach the next process.
    if (standing_.stand_in)
      notify_stand_in(standing_.stand_in.get(), successor_, standing_.upgrades + 1);
    // The next process writes its number too, and reports a failure.
    if (!standing_.stand_in && !stands_ && standing_.pid_file)
      PidFile::put_number(standing_.pid_file, successor_);
    const auto paused = milliseconds(network_.loops.control().now() - began);
    const std::string text =
        cat({"process ", successor_, " has taken over ", given_.listeners, " listeners, ",
             given_.sources, " sources, ", given_.mounts, " mounts; pause ", paused, " ms"});
    network_.log.info(kUpgradeModule, text);
    network_.log.debug(kUpgradeModule,
                       cat({"the pause took ", milliseconds(network_.clock.thread_work() - worked),
                            " ms of processor time here"}));
    tell(asker_, text, true);
    return gone();
  }
  pause_.end();  // the loops go on
  // A listener or request in the way now may be gone at another moment.
  if (network_.loops.control().now() - since_ >= kMayRest) return failed(why);
  writers_go_on();
  again_.after(kRest);
}

std::string Handover::obstacle() {
  std::string why = network_.admission->cannot_move();
  for (const auto& worker : network_.workers) {
    if (why.empty()) why = worker->sources->cannot_move();
    if (why.empty()) why = worker->streams->cannot_move();
  }
  if (why.empty()) why = network_.hls->cannot_move();
  if (why.empty()) why = network_.archive->cannot_move();
  if (why.empty()) why = network_.dumps->cannot_move();
  if (why.empty()) why = network_.links->slots().cannot_move();
  if (why.empty()) why = network_.auth->ledger().cannot_move();
  return why;
}

// REQUIRES: the loops stand still
Result<void> Handover::give() {
  HandoverOut out;
  if (in_parts_) out.send_in_parts(channel_, kTake);
  if (auto saved = save(out); !saved) return saved;
  if (!out.fds().problem().empty()) return Error::io(out.fds().problem());
  if (auto sent = in_parts_ ? out.end_of_parts()
                            : send_parcel(channel_, out.bytes(), out.fds().all(), kTake);
      !sent)
    return sent;
  auto answer = receive_parcel(channel_, kTake);
  if (!answer) return answer.error();
  RecordList list(answer->bytes);
  auto head = list.next();
  if (!head || !*head) return Error::invalid("the new program has said nothing that is known");
  if (static_cast<HandoverType>((*head)->type) != HandoverType::kPrepared) {
    WordRecord word;
    RecordIn in("answer", (*head)->bytes);
    record_fields(in, word);
    return Error::invalid(cat({"the new program refuses: ", word.text}));
  }
  auto pump = PumpProcess::make(out.fds().take_pumped());
  if (!pump) return pump.error();
  network_.auth->ledger().let_file_go();
  network_.records->let_store_go();
  const auto channel = pump->channel();
  auto gone = send_parcel(channel_, "GO", channel, kTake);
  if (gone) {
    pump->go();
    return gone;
  }
  network_.auth->ledger().keep();
  network_.records->keep_store();
  return gone;
}

void Handover::gone() {
  step_ = Step::kGone;
  deadline_.cancel();
  if (notifier_.has_listener()) notifier_.main_pid(successor_);
  forget();
  // An answer that goes on here may take kRemainder, and they would hear nothing for so long.
  plan_.end_readers();
  bool answers = false;
  for (const auto& worker : network_.workers) answers = answers || worker->connections->size() > 0;
  if (reload_) ::kill(successor_, SIGHUP);
  if (reopen_) ::kill(successor_, SIGUSR1);
  // The other process waits for this before it reports to the service manager.
  channel_.close();
  if (!answers) return leave();
  // Unfinished answers go on; control runs only their tasks.
  network_.loops.control().hold(true);
  pause_.end();
  network_.loops.control().hold(true);
  since_ = network_.loops.control().now();
  end_remainder();
}

void Handover::forget() {
  network_.links->hand_over();
  network_.relays->programs().hand_over();
  network_.dead_air->hand_over();
  network_.auth->ledger().hand_over();
  network_.listenings->hand_over();
  network_.records->hand_over();
  network_.pumps->hand_over();
  for (const auto& worker : network_.workers) {
    worker->streams->forget();
    worker->sources->forget();
    worker->acceptors.clear();
    worker->connections->forget_unanswered();
  }
}

void Handover::end_remainder() {
  network_.loops.gather<std::size_t>(
      [this](unsigned i) { return network_.workers[i]->connections->size(); },
      [this](const std::vector<std::size_t>& left) {
        std::size_t all = 0;
        for (const std::size_t n : left) all += n;
        if (all == 0 || network_.loops.control().now() - since_ >= kRemainder) return leave();
        network_.loops.worker(0).post([this] {
          remainder_ = std::make_unique<Timer>(network_.loops.worker(0), [this] {
            network_.loops.control().post([this] { end_remainder(); });
          });
          remainder_->after(kRemainderPoll);
        });
      });
}

// No destructor runs, since nothing that the other process has may be ended here.
void Handover::leave() {
  // Signals after GO were meant for the serving process, and are passed on.
  const sigset_t watched = watched_signals();
  const timespec now{};
  siginfo_t got{};
  for (int number = 0; (number = ::sigtimedwait(&watched, &got, &now)) > 0;) {
    const sigval value = got.si_code == SI_QUEUE ? got.si_value : sigval{};
    std::uint64_t asker = 0;
    std::memcpy(&asker, &value, sizeof asker);
    // The asker of this upgrade has asked again, and has its answer.
    if (number == SIGUSR2 && asker != 0 && asker == asker_) continue;
    ::sigqueue(successor_, number, value);
  }
  network_.log.write_here();
  network_.log.info(kUpgradeModule, "this process has ended its part");
  if (stands_) become_stand_in(stands_, successor_, plan_.launch.arguments);
  ::_exit(0);
}

void Handover::failed(std::string_view why) {
  network_.log.error(kUpgradeModule, cat({"the upgrade was not made, everything goes on: ", why}));
  tell(asker_, why, false);
  if (step_ == Step::kIdle) return;
  if (step_ == Step::kFreezing) {
    writers_go_on();
    network_.auth->hold(false);
  }
  step_ = Step::kIdle;
  clients_wait_ = reopen_ = false;
  deadline_.cancel();
  again_.cancel();
  answers_.cancel();
  watch_.stop();
  channel_.close();
  stands_.reset();
  end_successor();
  notifier_.ready(cat({"the upgrade was not made: ", why}));
  if (std::exchange(reload_, false)) plan_.reload();
}

UniqueFd Handover::socket_to(std::uint64_t asker) const {
  UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const std::string name = upgrade_address(standing_.known_pid, asker);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0)
    socket.reset();
  return socket;
}

// Any program here may have the usual address, and a failure may quote the configuration.
void Handover::tell(std::uint64_t asker, std::string_view outcome, bool done) const {
  if (asker == 0 && !done) outcome = "see its error log";
  const std::string text = cat({done ? "0" : "1", outcome});
  if (const UniqueFd socket = socket_to(asker))
    ::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL);
}

}  // namespace lb
