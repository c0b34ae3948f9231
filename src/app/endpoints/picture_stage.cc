// picture_stage(): GET /_lb/art/NAME: a picture of a title (doc/titles.md).  A missing
// picture is fetched from the node that announced the title; 404 if no server has it.
//
// The picture's bytes come from a stranger: they are sent only as the picture type that they begin
// with, and never as anything that a browser runs.
#include <algorithm>

#include "app/endpoints/stages.h"
#include "app/pages/picture_fetches.h"
#include "app/request/request_context.h"
#include "app/services/picture_files.h"
#include "app/services/worker.h"
#include "base/cat.h"
#include "base/strings.h"
#include "http/connections.h"
#include "http/page_headers.h"

namespace lb {
namespace {

// A name is a hash of its bytes, so the bytes never change.
constexpr std::string_view kForEver = "public, max-age=31536000, immutable";
constexpr std::string_view kNothingRuns =
    "Content-Security-Policy: default-src 'none'; sandbox\r\n";

bool answer_with_picture(Worker& worker, Connection& connection, const std::string& name) {
  const auto type = type_in_picture_name(name);
  const auto bytes = worker.services.pictures.find(name);
  if (!type || bytes == nullptr) return false;
  ResponseHead head;
  head.content_type = media_type(*type);
  head.content_length = bytes->size();
  head.keep_alive = client_keeps_alive(connection.request());
  head.http_1_1 = true;
  head.cache = kForEver;
  head.extra = cat({kNothingRuns, nosniff_line(worker.services.http.read()->http_headers)});
  connection.reply_shared(head, {bytes, *bytes});
  return true;
}

}  // namespace

Verdict picture_stage(Worker& worker, Connection& connection) {
  const Request& request = connection.request();
  if (request.method != Method::kGet && request.method != Method::kHead) return Verdict::kNext;
  const std::string name(name_in_picture_path(request.path));
  const bool waited = bool(connection.context().waited.take());
  if (answer_with_picture(worker, connection, name)) return Verdict::kAnswered;
  Network& network = worker.services;
  const bool known =
      !name.empty() && (!network.titles.mount_of(name).empty() ||
                        network.picture_files->has(name) || network.picture_files->is_held(name));
  if (waited || !known) {
    connection.reply_text(404, "There is no such picture");
    return Verdict::kAnswered;
  }
  const auto hops = parse_u64(request.headers.get(PictureFetches::kHopsHeader)).value_or(0);
  network.loops.control().post([&network, name,
                                hops = static_cast<unsigned>(std::min<std::uint64_t>(hops, 100)),
                                parked = ParkedRequest{worker.loop.id(), connection.id()}] {
    network.picture_fetches->fetch(name, hops, parked);
  });
  return Verdict::kPending;
}

}  // namespace lb
