// Takes what the process before offers ahead of the pause.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "app/handover/handover_records.h"
#include "app/handover/take_over.h"
#include "app/operate/conf_service.h"
#include "app/operate/record_service.h"
#include "app/services/services.h"
#include "base/file.h"
#include "hls/list_record.h"
#include "net/socket/fd_parcel.h"

namespace lb {

void TakeOver::prepare(Network& network) {
  if (!offer_.conf.empty()) network.conf->take_over(offered_.take(offer_.conf.front()));
  const UniqueFd file =
      offer_.pictures.empty() ? UniqueFd() : offered_.take(offer_.pictures.front());
  std::uint64_t at = 0;
  for (const std::uint64_t size : offer_.picture_bytes) {
    if (!file || size > kMaxPictureBytes) return;
    std::string bytes(static_cast<std::size_t>(size), 0);
    if (read_at(file.get(), at, std::as_writable_bytes(std::span(bytes))) != size) return;
    at += size;
    // A picture that cannot be shown is dropped.
    [[maybe_unused]] const auto put = network.pictures.put(std::move(bytes));
  }
}

// If this fails, all records come in the pause.
void TakeOver::prepare_records(Network& network) {
  if (offer_.records.empty() || network.config.read()->store.type == StoreType::kNone) return;
  const UniqueFd file = offered_.take(offer_.records.front());
  const auto bytes = read_shared(file, kMaxParcelBytes);
  if (!bytes) return;
  RecordList list(*bytes);
  RegistryContent content;
  for (auto head = list.next(); head && *head; head = list.next()) {
    auto part = read_record<RecordsRecord>("records", (*head)->bytes);
    if (!part) return;
    for (RegistryRecord& record : part->records) content.records.push_back(std::move(record));
    content.revision = part->revision;
    if (!part->whole) continue;
    network.records->take_over(content);
    records_revision_ = content.revision;
  }
}

void TakeOver::prepare_titles(Network& network) {
  const UniqueFd file = offer_.titles.empty() ? UniqueFd() : offered_.take(offer_.titles.front());
  const auto bytes = file ? read_shared(file, kMaxParcelBytes) : std::nullopt;
  if (!bytes) return;
  RecordList list(*bytes);
  for (auto head = list.next(); head && *head; head = list.next()) {
    auto titles = read_record<TitlesRecord>("titles", (*head)->bytes);
    if (!titles) return;
    network.titles.restore(std::move(*titles));
  }
  has_titles_ = true;
}

}  // namespace lb
