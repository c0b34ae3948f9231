#include "admin/page/stats_tree.h"

#include <algorithm>
#include <initializer_list>

#include "admin/page/text.h"
#include "base/strings.h"

namespace lb {
namespace {

constexpr std::size_t kEventLineLimit = 200;

void append_fields(XmlWriter& xml, const StatsFields& fields) {
  for (const auto& [name, value] : fields) {
    if (field_is_shown(name, value)) xml.element(name, value);
  }
}

void append_event(std::string& out, std::string_view where, std::string_view name,
                  std::string_view value) {
  std::string line = "EVENT ";
  append_text(line, where, Escape::kNone);
  line += ' ';
  append_text(line, name, Escape::kNone);
  line += ' ';
  append_text(line, value, Escape::kNone);
  line += '\n';
  if (line.size() < kEventLineLimit) out += line;
}

const std::string* shown_value(const StatsFields& fields, const std::string& name) {
  const auto found = fields.find(name);
  if (found == fields.end() || !field_is_shown(found->first, found->second)) return nullptr;
  return &found->second;
}

void append_changes(std::string& out, std::string_view where, const StatsFields& before,
                    const StatsFields& after) {
  for (const auto& [name, value] : before) {
    if (shown_value(before, name) != nullptr && shown_value(after, name) == nullptr)
      append_event(out, where, name, "null");
  }
  for (const auto& [name, value] : after) {
    const std::string* old = shown_value(before, name);
    if (shown_value(after, name) != nullptr && (old == nullptr || *old != value))
      append_event(out, where, name, value);
  }
}

void keep(const StatsFields& before, StatsFields& now, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto was = before.find(name);
    const auto is = now.find(name);
    if (was != before.end() && is != now.end()) is->second = was->second;
  }
}

}  // namespace

const StatsSource* find_source(const StatsDocument& document, std::string_view mount) noexcept {
  const auto at = std::ranges::lower_bound(document.sources, mount, {}, &StatsSource::mount);
  return at == document.sources.end() || at->mount != mount ? nullptr : &*at;
}

bool in_scope(const StatsSource& source, const StatsScope& scope) {
  if (source.hidden && !scope.hidden_too) return false;
  return !scope.mount.has_value() || *scope.mount == source.mount;
}

bool field_is_shown(std::string_view name, std::string_view value) {
  if (name == "server_url")
    return istarts_with(value, "http://") || istarts_with(value, "https://");
  return is_xml_name(name);
}

std::string stats_xml(const StatsDocument& document, const StatsScope& scope) {
  XmlWriter xml;
  xml.open("icestats");
  append_fields(xml, document.globals);
  for (const StatsSource& source : document.sources) {
    if (!in_scope(source, scope)) continue;
    xml.open("source", "mount", source.mount);
    append_fields(xml, source.fields);
    xml.close();
  }
  return std::move(xml).finish();
}

void keep_byte_counters(const StatsDocument& before, StatsDocument& now) {
  if (now.counted - before.counted >= kByteCountPause) return;
  now.counted = before.counted;
  keep(before.globals, now.globals,
       {"outgoing_kbitrate", "stream_kbytes_read", "stream_kbytes_sent"});
  auto old = before.sources.begin();
  for (StatsSource& source : now.sources) {
    while (old != before.sources.end() && old->mount < source.mount) ++old;
    if (old == before.sources.end() || old->mount != source.mount) continue;
    keep(old->fields, source.fields,
         {"connected", "incoming_bitrate", "outgoing_kbitrate", "queue_size", "total_bytes_read",
          "total_bytes_sent", "total_mbytes_sent"});
  }
}

std::string stats_event_lines(const StatsDocument& document) {
  return stats_event_lines(StatsDocument{}, document);
}

std::string stats_event_lines(const StatsDocument& before, const StatsDocument& after) {
  static const StatsFields kNoFields;
  std::string out;
  append_changes(out, "global", before.globals, after.globals);
  // Both lists are sorted by mount, so one walk compares them.
  auto old = before.sources.begin();
  auto now = after.sources.begin();
  while (old != before.sources.end() || now != after.sources.end()) {
    const bool only_old =
        now == after.sources.end() || (old != before.sources.end() && old->mount < now->mount);
    if (only_old) {
      append_event(out, old->mount, "null", "null");
      ++old;
      continue;
    }
    const bool in_both = old != before.sources.end() && old->mount == now->mount;
    append_changes(out, now->mount, in_both ? old->fields : kNoFields, now->fields);
    if (in_both) ++old;
    ++now;
  }
  return out;
}

}  // namespace lb
