// Any bytes as what a process hands over to the next one: what is taken is written again and reads
// alike, what is not has a reason.  A kind of record that is added has to stand here (-Wswitch).
#include <string>

#include "admin/directory/yp.h"
#include "admin/feed/event_stream.h"
#include "app/handover/handover_records.h"
#include "app/operate/listener_numbers.h"
#include "app/operate/metrics_service.h"
#include "app/pages/due_titles.h"
#include "app/programs/child_record.h"
#include "app/programs/dead_air_service.h"
#include "app/services/tls_pumps.h"
#include "app/services/webhooks.h"
#include "archive/files/past_record.h"
#include "archive/record/recording_record.h"
#include "auth/guard/guess_record.h"
#include "auth/listener/event_sender.h"
#include "auth/listener/listener_ledger.h"
#include "check.h"
#include "cluster/link/master_record.h"
#include "cluster/nodes/node_record.h"
#include "cluster/polling/stream_list_record.h"
#include "cluster/relay/relay_host.h"
#include "cluster/slots/seat_book.h"
#include "cluster/slots/slot_book.h"
#include "hls/list_record.h"
#include "net/socket/resolver.h"
#include "stream/file/heard_file_record.h"
#include "stream/listener/direct_record.h"
#include "stream/mount/closed_mounts.h"
#include "stream/source/dump_writer.h"
#include "stream/source/ended_record.h"
#include "stream/source/off_air.h"
#include "stream/source/source_record.h"
#include "stream/source/standby_record.h"

using namespace lb;

namespace {

template <class T>
void comes_back(std::string_view bytes) {
  const Result<T> got = read_record<T>("fuzz", bytes);
  if (!got) return fuzz::must(!got.error().what.empty(), "a refusal without a reason");
  const std::string once = record_bytes(*got);
  const Result<T> again = read_record<T>("fuzz", once);
  fuzz::must(again.has_value(), "what was written is refused", again ? "" : again.error().what);
  fuzz::must(record_bytes(*again) == once, "what was written reads otherwise");
}

void read_one(HandoverType type, std::string_view bytes) {
  switch (type) {
    case HandoverType::kOffer:
      return comes_back<OfferRecord>(bytes);
    case HandoverType::kPrepared:
    case HandoverType::kRefused:
      return comes_back<WordRecord>(bytes);
    case HandoverType::kServer:
      return comes_back<ServerRecord>(bytes);
    case HandoverType::kMount:
      return comes_back<AdmissionRecord>(bytes);
    case HandoverType::kSource:
      return comes_back<SourceRecord>(bytes);
    case HandoverType::kListeners:
      return comes_back<ListenersRecord>(bytes);
    case HandoverType::kRequest:
      return comes_back<RequestRecord>(bytes);
    case HandoverType::kAudience:
      return comes_back<AudienceRecord>(bytes);
    case HandoverType::kStreamList:
      return comes_back<StreamListRecord>(bytes);
    case HandoverType::kStandby:
      return comes_back<StandbyRecord>(bytes);
    case HandoverType::kPlayers:
      return comes_back<PlayersRecord>(bytes);
    case HandoverType::kCluster:
      return comes_back<ClusterRecord>(bytes);
    case HandoverType::kMaster:
      return comes_back<MasterRecord>(bytes);
    case HandoverType::kEnd:
      return comes_back<EndRecord>(bytes);
    case HandoverType::kNode:
      return comes_back<NodeRecord>(bytes);
    case HandoverType::kArchive:
      return comes_back<ArchiveRecord>(bytes);
    case HandoverType::kDump:
      return comes_back<DumpRecord>(bytes);
    case HandoverType::kLedger:
      return comes_back<LedgerRecord>(bytes);
    case HandoverType::kSlots:
      return comes_back<SlotBookRecord>(bytes);
    case HandoverType::kFile:
      return comes_back<HeardFileRecord>(bytes);
    case HandoverType::kPast:
      return comes_back<PastRecord>(bytes);
    case HandoverType::kDirect:
      return comes_back<DirectRecord>(bytes);
    case HandoverType::kSeats:
      return comes_back<SeatBookRecord>(bytes);
    case HandoverType::kRecords:
      return comes_back<RecordsRecord>(bytes);
    case HandoverType::kProgram:
      return comes_back<ProgramRecord>(bytes);
    case HandoverType::kTitles:
      return comes_back<TitlesRecord>(bytes);
    case HandoverType::kPictures:
      return comes_back<PicturesRecord>(bytes);
    case HandoverType::kDeadAir:
      return comes_back<DeadAirRecord>(bytes);
    case HandoverType::kRelay:
      return comes_back<RelayRecord>(bytes);
    case HandoverType::kClosed:
      return comes_back<ClosedRecord>(bytes);
    case HandoverType::kThrottle:
      return comes_back<ThrottleRecord>(bytes);
    case HandoverType::kLogin:
      return comes_back<LoginRecord>(bytes);
    case HandoverType::kDueTitle:
      return comes_back<DueTitleRecord>(bytes);
    case HandoverType::kEnded:
      return comes_back<EndedRecord>(bytes);
    case HandoverType::kRecordsSince:
      return comes_back<RecordsSinceRecord>(bytes);
    case HandoverType::kNumbers:
      return comes_back<NumbersRecord>(bytes);
    case HandoverType::kCounts:
      return comes_back<CountsRecord>(bytes);
    case HandoverType::kListings:
      return comes_back<ListingsRecord>(bytes);
    case HandoverType::kKnownNames:
      return comes_back<KnownNamesRecord>(bytes);
    case HandoverType::kWebhook:
      return comes_back<WebhookRecord>(bytes);
    case HandoverType::kEvents:
      return comes_back<EventsRecord>(bytes);
    case HandoverType::kMountEvents:
      return comes_back<UnsentEventsRecord>(bytes);
    case HandoverType::kHolders:
      return comes_back<HoldersRecord>(bytes);
    case HandoverType::kOffAir:
      return comes_back<OffAirRecord>(bytes);
    case HandoverType::kPumps:
      return comes_back<PumpsRecord>(bytes);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  RecordList list(fuzz::text_of(data, size));
  for (auto head = list.next(); head && *head; head = list.next())
    read_one(static_cast<HandoverType>((*head)->type), (*head)->bytes);
  return 0;
}
