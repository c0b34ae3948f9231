// SourceAdmission: the rest of a mount whose source has ended without a linger.  Its listeners end,
// and its log stays for players of HLS.  The next source continues that log, so that segment
// numbers go on and the old segments stay.
#include <algorithm>
#include <utility>

#include "media/same_format.h"
#include "net/loop/loop.h"
#include "stream/source/source_admission.h"

namespace lb {

bool SourceAdmission::is_full() const {
  return callbacks_.max_waiting &&
         static_cast<std::size_t>(waiting_.inside()) + rests_.size() >= callbacks_.max_waiting();
}

bool SourceAdmission::may_wait(const Record& record) {
  if (record.kind == WriterKind::kRelay) return true;
  if (record.mount->listeners() == 0) return !is_full();
  while (is_full() && end_unheard()) {
  }
  return true;
}

bool SourceAdmission::end_unheard() {
  for (const auto& [name, rest] : rests_)
    if (rest.mount->listeners() == 0) {
      rest_is_over(std::string(name), rest.mount.get());
      return true;
    }
  for (const auto& [name, record] : records_)
    if (record.waits && record.mount->listeners() == 0) {
      stop_waiting(std::string(name));
      return true;
    }
  return false;
}

bool SourceAdmission::rests(const Mount& mount) const {
  const auto at = rests_.find(mount.name());
  return at != rests_.end() && at->second.mount.get() == &mount;
}

void SourceAdmission::forget_rest(const std::string& mount) {
  loop_.assert_here();
  if (const auto at = rests_.find(mount); at != rests_.end())
    rest_is_over(mount, at->second.mount.get());
}

void SourceAdmission::keep_log(Record& record, std::chrono::milliseconds time) {
  if (time.count() <= 0 || !record.log) return;
  rest({record.mount, std::move(record.log), std::move(record.framer), {}, {}}, loop_.now() + time);
}

void SourceAdmission::rest(Rest kept, SteadyTime until) {
  const std::string name = kept.mount->name();
  kept.over = until;
  // The task is posted, because it may destroy the row with this timer.
  kept.until = std::make_unique<Deadline>(loop_, [this, name, of = kept.mount.get()] {
    loop_.post([this, name, of] { rest_is_over(name, of); });
  });
  kept.until->after(std::max(SteadyTime::duration(0), until - loop_.now()));
  rests_[name] = std::move(kept);
}

void SourceAdmission::rest_is_over(const std::string& mount, const Mount* of) {
  const auto at = rests_.find(mount);
  if (at == rests_.end() || at->second.mount.get() != of) return;
  const Rest rest = std::move(at->second);
  rests_.erase(at);
  if (callbacks_.rest_over) callbacks_.rest_over(rest.mount, nullptr);
}

SourceAdmission::Rest SourceAdmission::take_rest(const WriterAsk& ask) {
  const auto at = rests_.find(ask.mount);
  if (at == rests_.end()) return {};
  // A relay takes all facts of the stream, including the numbers, from its upstream.
  if (ask.kind != WriterKind::kSource ||
      !same_format(at->second.mount->facts()->content_type, ask.facts->content_type)) {
    rest_is_over(ask.mount, at->second.mount.get());
    return {};
  }
  Rest rest = std::move(at->second);
  rests_.erase(at);
  return rest;
}

// The view for a next source that has sent nothing yet.
std::shared_ptr<const StreamView> SourceAdmission::view_after(const Rest& rest) {
  auto view = std::make_shared<StreamView>(*rest.mount->channel().newest());
  view->ended = false;
  view->seam = view->end;
  return view;
}

}  // namespace lb
