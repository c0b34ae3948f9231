#include "app/stages/hls_replies.h"

#include <utility>

namespace lb {

std::string with_session(const std::string& query, std::string_view session) {
  return (query.empty() ? "" : query + "&") + "s=" + std::string(session);
}

ResponseHead hls_head(Connection& connection, int status, std::string_view type) {
  ResponseHead head;
  head.status = status;
  head.content_type = type;
  head.http_1_1 = true;
  head.keep_alive = client_keeps_alive(connection.request());
  return head;
}

Verdict refuse_hls(Connection& connection, int status, std::string text, std::string extra) {
  ResponseHead head = hls_head(connection, status, "text/plain; charset=utf-8");
  head.cache = "max-age=1";
  head.content_length = text.size();
  head.extra = std::move(extra);
  connection.reply(head, std::move(text));
  return Verdict::kAnswered;
}

bool has_hls_format(const Mount& mount) {
  const auto facts = mount.facts();
  return facts->plugin != nullptr && facts->plugin->name == "mpeg";
}

std::uint32_t hls_cut_of(const Mount& mount) {
  const auto view = mount.channel().newest();
  return view->spans.empty() ? 0 : view->spans[view->spans.end() - 1].segments.cut_ms;
}

}  // namespace lb
