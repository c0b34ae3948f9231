#include "app/past/archive_replies.h"

#include <algorithm>
#include <chrono>
#include <string_view>

#include "app/request/past_ask.h"
#include "app/request/polled_waits.h"
#include "app/request/refusals.h"
#include "app/request/request_context.h"
#include "app/services/archive_service.h"
#include "app/services/worker.h"
#include "archive/files/time_text.h"
#include "archive/files/where.h"
#include "archive/read/range_plan.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"

namespace lb {
namespace {

constexpr std::size_t kMaxRanges = 16;
constexpr std::chrono::milliseconds kMayBeRead{3000};

}  // namespace

std::vector<ArchiveRange> ranges_for(Worker& worker, const std::string& mount,
                                     std::int64_t earliest_ms) {
  ArchiveService& archive = *worker.services.archive;
  const auto holders = archive.remote().archive().holders();
  auto ranges = ranges_anywhere(*archive.catalog().files(mount), holders->of(mount),
                                unix_ms(worker.services.clock.wall()));
  std::erase_if(ranges, [&](const ArchiveRange& range) { return range.to_ms <= earliest_ms; });
  if (!ranges.empty()) ranges.front().from_ms = std::max(ranges.front().from_ms, earliest_ms);
  return ranges;
}

Verdict reply_nothing(Worker& worker, Connection& connection, std::int64_t earliest_ms) {
  ResponseHead head;
  head.status = 404;
  head.content_type = "text/plain; charset=utf-8";
  head.extra = cat(
      {"X-LB-Archive: ", ranges_text(ranges_for(worker, connection.request().path, earliest_ms)),
       "\r\n"});
  head.exposes = "X-LB-Archive";
  connection.reply(head, "Nothing of this time is recorded\r\n");
  return Verdict::kAnswered;
}

Verdict wait_until_read(Connection& connection, PolledWaits& waits) {
  if (waits.wait(connection, connection.context().past->wait_until, kMayBeRead))
    return Verdict::kPending;
  reply_refusal(connection, 503, "What is recorded is still being read, please try again\r\n",
                "Retry-After: 1\r\n");
  return Verdict::kAnswered;
}

std::string ranges_text(const std::vector<ArchiveRange>& ranges) {
  std::string out;
  for (std::size_t i = 0; i < std::min(ranges.size(), kMaxRanges); ++i) {
    const ArchiveRange& range = ranges[ranges.size() - 1 - i];
    if (!out.empty()) out += ", ";
    out += cat({range.from_ms / 1000, "-", range.to_ms / 1000});
  }
  return out;
}

// A quoted ASCII name, and the full one for clients that support RFC 6266.  The frame heard at
// `from` begins before it, perhaps in another second.
std::string file_name_params(const ExportPlan& plan, std::int64_t asked_ms) {
  constexpr std::string_view kMarks = "-_.";
  const std::string_view extension = file_extension(plan.content_type);
  std::string base = plan.mount.substr(plan.mount.rfind('/') + 1);
  if (base.ends_with(extension)) base.resize(base.size() - extension.size());
  base += cat({"-", compact_time(std::max(plan.from_ms, asked_ms)), extension});
  std::string plain = base;
  for (char& c : plain)
    if (!is_plain_char(c, kMarks)) c = '_';
  const std::string quoted = cat({"filename=\"", plain, "\""});
  return plain == base
             ? quoted
             : cat({quoted, "; filename*=UTF-8''", percent_escape(base, kMarks, HexCase::kUpper)});
}

}  // namespace lb
