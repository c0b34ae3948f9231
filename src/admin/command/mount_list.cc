#include "admin/command/mount_list.h"

#include <algorithm>

#include "admin/page/text.h"

namespace lb {

bool is_listed(const MountRow& row) {
  return row.state == MountState::kRunning || row.state == MountState::kIdle;
}

void sort_by_mount(std::vector<MountRow>& rows) {
  std::sort(rows.begin(), rows.end(),
            [](const MountRow& a, const MountRow& b) { return a.mount < b.mount; });
}

std::string mount_list_xml(std::vector<MountRow> rows, const std::optional<std::string>& current) {
  sort_by_mount(rows);
  XmlWriter xml;
  xml.open("icestats");
  if (current.has_value()) xml.element("current_source", *current);
  for (const MountRow& row : rows) {
    if (!is_listed(row) || row.mount == current) continue;
    xml.open("source", "mount", row.mount);
    xml.element("fallback", row.fallback);
    xml.element("listeners", row.listeners);
    if (!row.authenticator.empty()) xml.element("authenticator", row.authenticator);
    if (row.connected_seconds.has_value()) xml.element("Connected", *row.connected_seconds);
    if (!row.content_type.empty()) xml.element("content-type", row.content_type);
    if (row.listeners_local.has_value()) xml.element("listeners_local", *row.listeners_local);
    if (row.relays > 0) xml.element("relays", row.relays);
    // Telegraf expects the name in lower case, as in Icecast 2.5.
    if (row.connected_seconds.has_value()) xml.element("connected", *row.connected_seconds);
    for (const EncoderRow& encoder : row.encoders) {
      xml.open("encoder", "id", std::to_string(encoder.id));
      xml.element("IP", encoder.ip);
      xml.element("username", encoder.username);
      xml.element("priority", std::to_string(encoder.priority));
      xml.element("state", encoder.state);
      xml.close();
    }
    xml.close();
  }
  return std::move(xml).finish();
}

}  // namespace lb
