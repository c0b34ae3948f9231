// What SourceAdmission keeps of a mount whose source has ended without a linger: its listeners are
// ended, and its log stays for players of HLS, which have it as a list.  The next source goes on in
// that log, so that segments are numbered on and the old ones stay.
#include <utility>

#include "stream/source/source_admission.h"

namespace lb {

bool SourceAdmission::rests(const Mount& mount) const {
  const auto at = rests_.find(mount.name());
  return at != rests_.end() && at->second.mount.get() == &mount;
}

void SourceAdmission::keep_log(Record& record, std::chrono::milliseconds time) {
  if (time.count() <= 0 || !record.log) return;
  const std::string name = record.mount->name();
  Rest& rest = rests_[name];
  rest.mount = record.mount;
  rest.log = std::move(record.log);
  rest.framer = std::move(record.framer);
  // By way of the inbox: the timer dies with the row.
  rest.until = std::make_unique<Deadline>(loop_, [this, name, of = record.mount.get()] {
    loop_.post([this, name, of] { rest_is_over(name, of); });
  });
  rest.until->after(time);
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
  // A relay has what its upstream says of the stream, numbers included.
  if (ask.kind != WriterKind::kSource ||
      at->second.mount->facts()->content_type != ask.facts->content_type) {
    rest_is_over(ask.mount, at->second.mount.get());
    return {};
  }
  Rest rest = std::move(at->second);
  rests_.erase(at);
  return rest;
}

// The source that comes has sent nothing yet.
std::shared_ptr<const StreamView> SourceAdmission::view_after(const Rest& rest) {
  auto view = std::make_shared<StreamView>(*rest.mount->channel().newest());
  view->ended = false;
  view->seam = view->end;
  return view;
}

}  // namespace lb
