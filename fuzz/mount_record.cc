// Any bytes as the record of a mount, of a store's file (XML) or of a request (JSON): what is taken
// comes back by XML and by JSON as it was, and no role may set more than the one above it.
#include "config/mounts/mount_record.h"

#include <string>

#include "check.h"

using namespace lb;

namespace {

void is_one_line(std::string_view text) {
  for (const char c : text)
    fuzz::must(static_cast<unsigned char>(c) >= 0x20, "a fault is one line of the log", text);
}

void comes_back(const MountRecord& record) {
  fuzz::must(refuse_record_name(record.mount).empty(), "a name that is refused", record.mount);
  const std::string xml = mount_record_xml(record);
  const auto by_xml = parse_mount_record(xml);
  fuzz::must(by_xml.has_value(), "XML is read as it is written", xml);
  fuzz::must(*by_xml == record, "XML brings it back", xml);
  JsonWriter json;
  write_mount_record(json, record, RecordSecrets::kWhole);
  const std::string text = json.take();
  const auto parsed = Json::parse(text);
  fuzz::must(parsed.has_value(), "JSON is read as it is written", text);
  const RecordReading by_json = read_mount_record(*parsed, SetBy::kAdmin);
  fuzz::must(by_json.faults.empty(), "JSON without faults", to_string(by_json.faults));
  fuzz::must(by_json.record == record, "JSON brings it back", text);
  JsonWriter hidden;
  write_mount_record(hidden, record, RecordSecrets::kHidden);
  fuzz::must(Json::parse(hidden.take()).has_value(), "JSON without secrets");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  if (const auto record = parse_mount_record(text))
    comes_back(*record);
  else
    is_one_line(record.error().what);
  const auto json = Json::parse(text);
  if (!json) return 0;
  const RecordReading owner = read_mount_record(*json, SetBy::kOwner);
  const RecordReading admin = read_mount_record(*json, SetBy::kAdmin);
  for (const RecordReading* reading : {&owner, &admin}) {
    is_one_line(to_string(reading->faults));
    if (reading->faults.empty()) comes_back(reading->record);
  }
  if (!owner.faults.empty()) return 0;
  fuzz::must(admin.faults.empty() && admin.record == owner.record,
             "what an owner may set, an administrator may", to_string(admin.faults));
  // Sent again, it changes nothing.
  const RecordReading same = read_mount_record(*json, SetBy::kOwner, &owner.record);
  fuzz::must(same.faults.empty() && same.record == owner.record, "the same again");
  return 0;
}
