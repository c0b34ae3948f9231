#include "app/past/past_stream_stage.h"

#include <chrono>
#include <string>
#include <utility>

#include "app/past/archive_replies.h"
#include "app/request/past_ask.h"
#include "app/request/request_context.h"
#include "app/services/archive_service.h"
#include "app/services/worker.h"
#include "archive/read/past_reading.h"
#include "stream/listener/server_join.h"
#include "stream/log/join.h"

namespace lb {
namespace {

// By then a byte sent a moment ago is recorded and reported to other nodes.
constexpr std::chrono::milliseconds kRecordedSoon{8000}, kAskedAgain{300};
constexpr std::size_t kMaxWaitingSoon = 1024;
// The time after the moment for which other nodes are asked.
constexpr std::int64_t kAskedAheadMs = 3'600'000;

// Whether a player has heard everything and returns at once, so that its byte is only about to be
// recorded.
bool resumes_live(Worker& worker, Connection& connection, const RecordedFiles& files,
                  const PastAsk& past) {
  const StreamAddress& at = *past.at;
  if (files.find(short_id(at.id), at.position) < files.size()) return false;
  const auto mount = worker.services.archive->live(connection.request().path);
  return mount && plan_resume(*mount->channel().newest(), at, bytes_ahead(*mount), past.exact);
}

}  // namespace

struct PastStreamStage::Search {
  const std::uint64_t connection;
  const PastMoment moment;
  const bool elsewhere;  // other nodes are asked first
  const bool waits;
  bool asked = false;
  bool soon = false, young = false;
};

PastStreamStage::PastStreamStage(Worker& worker)
    : worker_(worker), waits_(worker, kMaxWaitingSoon, kAskedAgain) {}

Verdict PastStreamStage::handle(Connection& connection) {
  const auto past = connection.context().past;
  if (!past || past->is_placed()) return Verdict::kNext;
  ArchiveService& archive = *worker_.services.archive;
  const std::string& mount = connection.request().path;
  const bool unread = archive.is_reading(mount);
  if (past->at && resumes_live(worker_, connection, *archive.catalog().files(mount), *past)) {
    past->begins = *past->at;
    return Verdict::kNext;
  }
  if (unread) return wait_until_read(connection, waits_);
  begin(connection, true);
  return Verdict::kPending;
}

void PastStreamStage::begin(Connection& connection, bool waits) {
  ArchiveService& archive = *worker_.services.archive;
  const std::string& mount = connection.request().path;
  const PastMoment& moment = *connection.context().past;
  const auto files = archive.catalog().files(mount);
  const bool whole = moment.at
                         ? files->find(short_id(moment.at->id), moment.at->position) < files->size()
                         : files->covers(moment.from_ms, moment.from_ms + 1);
  std::make_shared<PastReading>(archive.readers(), archive.dir(), mount)
      ->run([this, search = Search{connection.id(), moment,
                                   !whole && archive.remote().archive().holds(mount), waits}](
                PastReading& reading) mutable { return step(search, reading); });
}

bool PastStreamStage::step(Search& search, PastReading& reading) {
  ArchiveService& archive = *worker_.services.archive;
  RemoteArchive& remote = archive.remote().archive();
  const std::string& mount = reading.mount();
  const PastMoment& moment = search.moment;
  if (search.elsewhere && !search.asked) {
    std::int64_t from_ms = moment.from_ms;
    if (!moment.at) remote.holders()->nearest(mount, from_ms);
    if (!(moment.at ? reading.check(short_id(moment.at->id), moment.at->position)
                    : reading.check(from_ms, from_ms + kAskedAheadMs)))
      return false;
    search.asked = true;
  }
  const Catalog::Files files =
      search.elsewhere ? remote.files(mount) : archive.catalog().files(mount);
  const bool plays = worker_.services.mounts.find(mount) != nullptr;
  const StartFile file = find_start_file(*files, moment, plays);
  search.soon = file.soon && search.waits;
  // A moment too young to be recorded is in the live stream.
  search.young = file.file == files->size() && !moment.at && files->growing() && plays;
  auto start = search.soon ? std::nullopt : start_in(reading, *files, file);
  if (reading.lacks()) return false;
  worker_.answer(search.connection,
                 [this, search, start = std::move(start)](Connection& waiting) mutable {
                   found(waiting, search, std::move(start));
                 });
  return false;
}

void PastStreamStage::found(Connection& connection, const Search& search,
                            std::optional<StreamStart> start) {
  PastAsk& past = *connection.context().past;
  if (search.soon) {
    if (!waits_.wait(connection, past.wait_until, kRecordedSoon)) begin(connection, false);
    return;
  }
  if (search.young) return connection.resume(Verdict::kNext);
  const auto is_at = [&past](const StreamStart& found) {
    return *past.at ==
           StreamAddress{found.file->index.head.span.id, found.file->row.origin + found.offset};
  };
  if (!start || start->wall_ms < past.earliest_ms || (past.exact && !is_at(*start))) {
    reply_nothing(worker_, connection, past.earliest_ms);
    return;
  }
  ArchiveService& archive = *worker_.services.archive;
  ShiftedStart made{std::move(*start), nullptr, nullptr, connection.request().path};
  made.mount = archive.live(made.recorded);
  if (!made.mount) made.mount = archive.off_air(made.recorded, *made.file);
  made.facts = made.mount->facts();
  const std::string& type = made.file->index.head.content_type;
  if (made.facts->content_type != type) made.facts = facts_of_past(worker_.services.clock, type);
  past.begins = std::move(made);
  connection.resume(Verdict::kNext);
}

}  // namespace lb
