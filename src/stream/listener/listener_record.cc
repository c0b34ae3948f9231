#include "stream/listener/listener_record.h"

#include <utility>

#include "base/cat.h"
#include "stream/listener/delivery.h"
#include "stream/listener/listener_group.h"
#include "stream/listener/loop_streams.h"
#include "stream/mount/mount.h"

namespace lb {
namespace {

TitleRecord save_title(const std::shared_ptr<const Metadata>& title, const TitlePlaces& titles) {
  TitleRecord saved;
  if (!title) return saved;
  if (title == no_title()) {
    saved.which = TitleRecord::Which::kNoTitle;
  } else if (const auto at = titles.find(title.get()); at != titles.end()) {
    saved.which = TitleRecord::Which::kOfLog;
    saved.at = at->second;
  } else {
    saved.which = TitleRecord::Which::kOther;
    saved.other = *title;
  }
  return saved;
}

std::shared_ptr<const Metadata> restore_title(const TitleRecord& saved, const Titles& titles) {
  switch (saved.which) {
    case TitleRecord::Which::kNull:
      return nullptr;
    case TitleRecord::Which::kNoTitle:
      return no_title();
    case TitleRecord::Which::kOfLog:
      return saved.at < titles.size() ? titles[static_cast<std::size_t>(saved.at)] : nullptr;
    case TitleRecord::Which::kOther:
      return std::make_shared<const Metadata>(saved.other);
  }
  return nullptr;
}

}  // namespace

TitlePlaces title_places(const Titles& titles) {
  TitlePlaces places;
  for (std::size_t i = 0; i < titles.size(); ++i)
    if (titles[i]) places.emplace(titles[i].get(), i);
  return places;
}

std::string cannot_move(const Listener& listener) {
  if (!can_move(*listener.transport))
    return cat({"listener ", listener.id,
                " has an encrypted connection that begins or ends at this moment"});
  if (NoticeRecord notice; listener.notice && !listener.notice->save(notice))
    return cat({"listener ", listener.id, " has a notice of its end that cannot be handed over"});
  return {};
}

ListenerRecord save_listener(const Listener& listener, const TitlePlaces& titles, FdsOut& fds) {
  ListenerRecord saved;
  saved.id = listener.id;
  saved.fd = fds.add(*listener.transport);
  saved.peer = listener.transport->peer();
  saved.facts = listener.facts;
  saved.position = listener.position;
  saved.bytes_sent = listener.bytes_sent;
  if (listener.preamble) {
    saved.head = listener.preamble->head;
    saved.headers = listener.preamble->headers;
    saved.preamble_sent = listener.preamble->sent;
  }
  if (listener.unplaced) {
    saved.unplaced = listener.unplaced->ask;
    saved.unplaced_burst = listener.unplaced->burst_bytes;
  }
  if (listener.continuation) {
    const Continuation& next = *listener.continuation;
    saved.continuation = ContinuationRecord{
        next.leave_at, next.next ? next.next->name() : std::string(), next.mode, next.by, 0};
  }
  saved.metaint = listener.icy.metaint;
  saved.until_block = listener.icy.until_block;
  saved.block_sent = listener.icy.block_sent;
  saved.block = save_title(listener.icy.block, titles);
  saved.shown = save_title(listener.icy.shown, titles);
  saved.title_sent = listener.icy.title_sent;
  saved.span_begin = listener.span_begin;
  saved.wait_for_mark = listener.wait_for_mark;
  if (listener.home) saved.home = *listener.home;
  saved.counted = static_cast<bool>(listener.client_pass);
  saved.total = static_cast<bool>(listener.total_pass);
  saved.relay = static_cast<bool>(listener.relay_pass);
  saved.slot = static_cast<bool>(listener.slot_pass);
  saved.moved = listener.moved;
  saved.joined = listener.joined;
  saved.until = listener.until;
  if (listener.notice) listener.notice->save(saved.notice.emplace());
  return saved;
}

std::unique_ptr<Listener> restore_listener(const ListenerRecord& saved, const Titles& titles,
                                           UniqueFd fd) {
  auto listener = std::make_unique<Listener>(
      saved.id, std::make_unique<PlainTransport>(std::move(fd), saved.peer), saved.facts);
  listener->position = saved.position;
  listener->bytes_sent = saved.bytes_sent;
  if (saved.head)
    listener->preamble = std::make_unique<Preamble>(
        Preamble{*saved.head, saved.headers, static_cast<std::size_t>(saved.preamble_sent)});
  if (saved.unplaced)
    listener->unplaced = std::make_unique<Unplaced>(
        Unplaced{*saved.unplaced, static_cast<std::size_t>(saved.unplaced_burst)});
  listener->icy.metaint = saved.metaint;
  listener->icy.until_block = saved.until_block;
  listener->icy.block = restore_title(saved.block, titles);
  // The rest of a half-sent block is cut from its text.
  listener->icy.block_sent = saved.block_sent;
  if (listener->icy.block_sent > 0 &&
      (!listener->icy.block || saved.block_sent > listener->icy.block->icy_block.size()))
    return nullptr;
  listener->icy.shown = restore_title(saved.shown, titles);
  listener->icy.title_sent = saved.title_sent;
  listener->span_begin = saved.span_begin;
  listener->wait_for_mark = saved.wait_for_mark;
  listener->moved = saved.moved;
  listener->joined = saved.joined;
  listener->until = saved.until;
  return listener;
}

std::string LoopStreams::cannot_move() const {
  std::string why;
  const auto ask = [&why](const Listener& listener) {
    if (why.empty()) why = lb::cannot_move(listener);
  };
  for (const ListenerGroup* group : groups_) group->each(nullptr, ask);
  for (const auto& [at, fanout] : fanouts_) fanout->for_each(ask);
  return why;
}

void LoopStreams::each_listener(const std::function<void(Mount&, Listener&)>& f) const {
  for (const auto& [at, fanout] : fanouts_)
    fanout->for_each([&f, &mount = fanout->mount()](Listener& listener) { f(mount, listener); });
}

void LoopStreams::forget() {
  timer_.cancel();
  over_timer_.cancel();
  dirty_.clear();
  passing_.clear();
  for (ListenerGroup* group : groups_) group->forget();
  by_id_.clear();
  fanouts_.clear();
}

void LoopStreams::each_mount(const std::function<void(Mount&)>& f) const {
  for (const auto& [at, fanout] : fanouts_)
    if (fanout->listeners() > 0) f(fanout->mount());
}

void LoopStreams::adopt(std::unique_ptr<Listener> listener, const std::shared_ptr<Mount>& mount) {
  Fanout& fanout = fanout_of(mount);
  by_id_[listener->id] = listener.get();
  fanout.adopt(std::move(listener));
  watch_over(fanout);
  wake(mount);
}

}  // namespace lb
