// Session files: a line for each ended listening, with the listener's address, in the formats of
// services that count or bill an audience by server logs.
//
// npr is the log of NPR Digital Services, which SoundStack exports too: address, date and time of
// the start (UTC), stream, seconds, status, player, separated by tabs, one stream a file. triton is
// an extended log of the W3C for Triton's Webcast Metrics: date and time are those of the end.
// Addresses come from this server's spool (audience/session_spool.h); other reports and the
// database have none.
// Source: digitalservices.npr.org, "Streaming Log File Guidelines"; support.soundstack.com,
// "LogExport"; help.tritondigital.com, "Webcast Metrics requirements"; W3C WD-logfile-960221.
// Thread: plans: the database's; other functions are pure.
// Bounds: kMaxSessionLines a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/request/request.h"
#include "audience/session_spool.h"

namespace lb {

struct PlanContext;

constexpr std::size_t kMaxSessionLines = 400'000;
constexpr std::string_view kSessionFileType = "text/tab-separated-values; charset=utf-8";

// Whether the report needs data that only this server keeps.
constexpr bool is_session_report(std::string_view name) noexcept {
  return name == "npr" || name == "triton";
}

std::string npr_text(const std::vector<SpooledListening>& rows);
std::string triton_text(const std::vector<SpooledListening>& rows, std::int64_t from_ms,
                        std::int64_t to_ms, std::int64_t now_ms);

// Pages of rows in their order.  A place is behind a row that is or was there ("0": before all):
// its end, its start, and how many rows up to it have both.
std::string session_place(const std::vector<SpooledListening>& rows, std::size_t count);
// The number of rows before the place; nullopt: the text does not name a place.
std::optional<std::size_t> rows_before(const std::vector<SpooledListening>& rows,
                                       std::string_view place);

Plan audience_npr(const PlanContext& context);
Plan audience_triton(const PlanContext& context);

}  // namespace lb
