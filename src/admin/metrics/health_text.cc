#include "admin/metrics/health_text.h"

#include <algorithm>
#include <cmath>

#include "base/cat.h"
#include "base/json.h"
#include "base/strings.h"

namespace lb {
namespace {

// The use in percent, rounded down, so that only a full node has 100.
int percent_used(const NodeHealth& health) {
  const double percent = std::floor(std::clamp(health.use, 0.0, 1.0) * 100);
  return static_cast<int>(percent);
}

}  // namespace

std::string_view to_text(NodeCondition condition) noexcept {
  return word_of<NodeCondition::kDraining>(condition, {"starting", "up", "full", "draining"});
}

std::string health_json(const NodeHealth& health) {
  JsonWriter json;
  json.begin_object();
  json.key("state").text(to_text(health.condition));
  if (!health.drain.empty()) json.key("drain").text(health.drain);
  json.key("listeners").number(health.listeners);
  json.key("capacity_used").number(std::round(health.use * 1000) / 1000);
  if (!health.certificate.empty()) json.key("certificate").text(health.certificate);
  if (!health.certificate.empty() || health.archive_paused || health.log_fails) {
    json.key("warnings").begin_array();
    if (!health.certificate.empty()) json.text("certificate");
    if (health.archive_paused) json.text("archive");
    if (health.log_fails) json.text("log");
    json.end_array();
  }
  json.key("version").text(health.version);
  json.end_object();
  return json.take() + "\n";
}

std::string agent_line(const NodeHealth& health) {
  if (health.condition == NodeCondition::kDraining) return "drain\n";
  if (health.condition == NodeCondition::kStarting) return "down\n";
  // HAProxy takes "0%" for a drain, so a full node reports 1%; its maxconn and /_lb/health keep
  // listeners away.
  const int free = std::max(1, 100 - percent_used(health));
  std::string line = cat({"up ready ", free, "%"});
  if (health.most_listeners > 0) line += cat({" maxconn:", health.most_listeners});
  return line + "\n";
}

std::string datagram_answer(const NodeHealth& health, std::string_view id, std::size_t most_bytes) {
  std::string answer(id.empty() ? "-" : id);
  answer.append(" ").append(to_text(health.condition));
  answer += cat({" ", percent_used(health), "%\n"});
  answer.resize(std::min(answer.size(), most_bytes));
  return answer;
}

}  // namespace lb
