// Any bytes as the list of an external configuration: what is taken comes back by XML (but for its
// relay, which no store has), by JSON and from our own copy as it was, and can be laid over a file.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "config/load/checks.h"
#include "config/load/loader.h"
#include "config/mounts/external_list.h"
#include "config/mounts/overlay.h"
#include "fuzz/check.h"

using lb::fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto list = lb::parse_external_list(lb::fuzz::text_of(data, size));
  if (!list) return 0;
  std::vector<lb::ExternalMount> good;
  lb::MountRecords records;
  for (const lb::ExternalMount& mount : list->mounts) {
    if (!mount.faults.empty()) {
      must(lb::to_string(mount.faults).find('\n') == std::string::npos,
           "a fault is one line of the log");
      continue;
    }
    lb::MountRecord record = *mount.record;
    record.relay = lb::MountRecord().relay;
    const auto again = lb::parse_mount_record(lb::mount_record_xml(record));
    must(again.has_value() && *again == record, "XML brings it back", lb::mount_record_xml(record));
    good.push_back(mount);
    records.set(mount.record->mount, mount.record);
  }
  const auto copy = lb::parse_external_list(lb::external_list_json(good, list->etag));
  must(copy.has_value() && copy->mounts.size() == good.size(), "the copy is a list");
  for (std::size_t i = 0; i < good.size(); ++i)
    must(copy->mounts[i].faults.empty() && *copy->mounts[i].record == *good[i].record,
         "the copy brings it back", lb::to_string(copy->mounts[i].faults));
  static const auto file =
      lb::load_config_text("<icecast><mount mount-name='/a'/></icecast>", "fuzz.xml");
  const auto laid = lb::lay_over({file->config, {}, records});
  for (const auto& [name, record] : records)
    must(lb::mount_section(*laid, name).name == name, "it has a section");
  lb::for_each_relay(*laid, [](const lb::RelaySettings& relay) {
    must(relay.public_only && relay.exec.empty() && lb::can_connect(relay),
         "a relay of a list asks public servers, and runs no program");
  });
  return 0;
}
