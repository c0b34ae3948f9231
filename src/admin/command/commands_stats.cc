// The commands stats, listmounts, streamlist and streamlist.txt.
#include <algorithm>
#include <string>
#include <utility>

#include "admin/command/command_task.h"
#include "admin/command/mount_list.h"
#include "base/encoding.h"
#include "cluster/polling/report_intake.h"
#include "cluster/relay/relay_marks.h"

namespace lb {
namespace {

bool goes_into_a_line(std::string_view mount) {
  return std::none_of(mount.begin(), mount.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

// Icecast's slaves decode a line as a URI and skip it if it has a space or a byte beyond ASCII, but
// they cannot be recognised by their request.  Icecast-KH's slaves can, and take the line as it is.
std::string line_of(std::string_view mount, bool encoded) {
  constexpr std::string_view kInUris = "!$&'()*+,;=:@";
  std::string line;
  for (const char c : mount) {
    if (!encoded || kInUris.find(c) != std::string_view::npos)
      line += c;
    else
      line += percent_encode(std::string_view(&c, 1), true);
  }
  return line + "\r\n";
}

AdminAnswer list_unknown() {
  AdminAnswer answer = admin_error(503, "The list of mounts is not known yet");
  answer.extra = "Retry-After: 5\r\n";
  return answer;
}

// Values are escaped, so these brackets can only be the element's own.
std::string without_source_addresses(std::string document) {
  constexpr std::string_view kBegin = "<source_ip>", kEnd = "</source_ip>";
  std::string kept;
  std::size_t at = 0;
  for (;;) {
    const std::size_t begin = document.find(kBegin, at);
    const std::size_t end = begin == std::string::npos ? begin : document.find(kEnd, begin);
    if (end == std::string::npos) break;
    kept.append(document, at, begin - at);
    at = end + kEnd.size();
  }
  kept.append(document, at);
  return kept;
}

}  // namespace

void run_stats(AdminTask task) {
  Station& station = *task.station;
  std::optional<std::string> mount;
  if (task.has_mount()) mount = task.mount;
  station.stats_text(std::move(mount), [task = std::move(task)](std::string document) mutable {
    if (!task.request.shows_addresses) document = without_source_addresses(std::move(document));
    task.send(std::move(document), "stats.xsl");
  });
}

void run_listmounts(AdminTask task) {
  Station& station = *task.station;
  station.mounts([task = std::move(task)](Result<std::vector<MountRow>> rows) mutable {
    if (!rows) return task.done(list_unknown());
    std::erase_if(*rows, [&task](const MountRow& row) { return !task.owns(row.mount); });
    if (!task.request.shows_addresses)
      for (MountRow& row : *rows)
        for (EncoderRow& encoder : row.encoders) encoder.ip.clear();
    task.send(mount_list_xml(std::move(*rows), std::nullopt), "listmounts.xsl");
  });
}

// A slave relays each mount of this list: "/mount\r\n" a line.
void run_streamlist_text(AdminTask task) {
  Station& station = *task.station;
  station.mounts([task = std::move(task)](Result<std::vector<MountRow>> rows) mutable {
    if (!rows) return task.done(list_unknown());
    AdminAnswer answer;
    answer.content_type = "text/plain; charset=utf-8";
    answer.with_length = false;
    sort_by_mount(*rows);
    ListPoll poll{task.request.peer,
                  task.request.node,
                  task.request.query,
                  std::string(task.request.headers.get("user-agent")),
                  is_own_product(task.request.headers),
                  {}};
    const bool encoded = poll.ours || poll.agent.empty();
    for (const MountRow& row : *rows) {
      const bool plays = is_listed(row) || row.fallback_runs;
      if (row.hidden || row.is_file || !plays || !goes_into_a_line(row.mount)) continue;
      answer.body += line_of(row.mount, encoded);
      poll.listed.push_back(row.mount);
    }
    task.station->list_polled(std::move(poll));
    task.done(std::move(answer));
  });
}

}  // namespace lb
