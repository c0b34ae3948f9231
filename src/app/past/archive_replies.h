// Parts of answers about a mount's past: the recorded ranges, and the names of files.
// Thread: any; for the worker of a connection.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "archive/files/catalog.h"
#include "http/stage.h"

namespace lb {

struct ExportPlan;
class PolledWaits;
struct Worker;

// The recorded ranges, here and at other nodes, as far back as the client may go.
std::vector<ArchiveRange> ranges_for(Worker& worker, const std::string& mount,
                                     std::int64_t earliest_ms);
// Answers 404, with those ranges.
Verdict reply_nothing(Worker& worker, Connection& connection, std::int64_t earliest_ms);
// Waits while the directory here is still being read; after the deadline answers 503.
Verdict wait_until_read(Connection& connection, PolledWaits& waits);
// "1795158000-1795161600, …", Unix seconds, the newest first, at most 16.
std::string ranges_text(const std::vector<ArchiveRange>& ranges);
// The name of a range as a file: parameters of Content-Disposition.
std::string file_name_params(const ExportPlan& plan, std::int64_t asked_ms);

}  // namespace lb
