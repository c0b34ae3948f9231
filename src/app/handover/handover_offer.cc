// Offers this process to the next one: what it prepares itself with, before the loops pause.
#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "app/cluster/cluster_links.h"
#include "app/cluster/node_links.h"
#include "app/handover/handover.h"
#include "app/handover/handover_records.h"
#include "app/operate/conf_service.h"
#include "app/operate/record_service.h"
#include "app/services/services.h"
#include "base/file.h"
#include "hls/list_record.h"
#include "net/socket/memory_file.h"
#include "net/tls/tls_keeper.h"
#include "program/process.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

}  // namespace

Result<void> Handover::offer() {
  auto ends = FdChannel::make();
  if (!ends) return ends.error();
  channel_ = std::move(ends->first);
  HandoverOut out;
  OfferRecord offer;
  offer.version = LB_VERSION;
  offer.workers = network_.loops.workers();
  offer.known_pid = standing_.known_pid;
  const auto stand_in = offer_stand_in(out, offer);
  if (!stand_in) return stand_in.error();
  if (notifier_.has_listener()) offer.notify.push_back(out.fds().add(notifier_.fd()));
  if (standing_.pid_file) offer.pid_file.push_back(out.fds().add(standing_.pid_file.get()));
  offer.watchdog_us = static_cast<std::uint64_t>(plan_.watchdog.count());
  offer.store = plan_.store;
  offer.confined = plan_.confined;
  const auto switch_ports = plan_.switch_ports();
  offer_sockets(out, offer, switch_ports);
  const UniqueFd pictures = offer_pictures(offer);
  if (pictures) offer.pictures.push_back(out.fds().add(pictures.get()));
  const UniqueFd records = offer_records(offer);
  if (records) offer.records.push_back(out.fds().add(records.get()));
  const UniqueFd titles = offer_titles();
  if (titles) offer.titles.push_back(out.fds().add(titles.get()));
  const std::vector<UniqueFd> lost = offer_certificates(out, offer);
  offer.in_parts = true;
  offer.file_limit = file_limit();
  const UniqueFd conf = network_.conf->share();
  if (conf) offer.conf.push_back(out.fds().add(conf.get()));
  out.put(HandoverType::kOffer, offer);
  auto pid = plan_.launch.start(ends->second);
  if (!pid) return pid.error();
  successor_ = *pid;
  ends->second.close();
  return send_parcel(channel_, out.bytes(), out.fds().all(), 1s);
}

// Returns the other end of a new stand-in's channel, until it is sent; empty: none is new.
Result<UniqueFd> Handover::offer_stand_in(HandoverOut& out, OfferRecord& offer) {
  UniqueFd theirs;
  if (standing_.stand_in) {
    offer.stand_in.push_back(out.fds().add(standing_.stand_in.get()));
  } else if (!plan_.background && !notifier_.has_listener()) {
    auto pair = packet_pair();
    if (!pair) return pair.error();
    stands_ = std::move(pair->first);
    theirs = std::move(pair->second);
    offer.stand_in.push_back(out.fds().add(theirs.get()));
  }
  offer.stands_in = !offer.stand_in.empty();
  return theirs;
}

void Handover::offer_sockets(HandoverOut& out, OfferRecord& offer,
                             const std::vector<ListenSockets::Handed>& switch_ports) const {
  for (const auto& socket : sockets_.all_sockets()) {
    SocketRecord saved;
    const bool second = socket->shoutcast && !socket->settings.shoutcast_compat;
    saved.wanted_port = static_cast<std::uint32_t>(socket->settings.port + (second ? 1 : 0));
    saved.port = static_cast<std::uint32_t>(socket->port);
    saved.bind_address = socket->settings.bind_address;
    saved.shoutcast = socket->shoutcast;
    saved.inherited = socket->inherited;
    saved.tls = socket->settings.tls;
    for (const UniqueFd& fd : *socket->fds) saved.fds.push_back(out.fds().add(fd.get()));
    offer.sockets.push_back(std::move(saved));
  }
  if (const auto& socket = network_.links->nodes().socket()) {
    SocketRecord saved;
    saved.wanted_port = static_cast<std::uint32_t>(socket->settings.port);
    saved.port = static_cast<std::uint32_t>(socket->port);
    saved.fds.push_back(out.fds().add(socket->fds->front().get()));
    offer.cluster_port.push_back(std::move(saved));
  }
  for (const ListenSockets::Handed& port : switch_ports) {
    SocketRecord saved;
    saved.port = static_cast<std::uint32_t>(port.port);
    saved.bind_address = port.bind_address;
    saved.fds.push_back(out.fds().add(port.fds.front().get()));
    offer.switch_ports.push_back(std::move(saved));
  }
}

std::vector<UniqueFd> Handover::offer_certificates(HandoverOut& out, OfferRecord& offer) const {
  std::vector<UniqueFd> lost;
  auto in_use = plan_.certificates();
  std::erase_if(in_use, [](const auto& one) { return ::access(one.first.c_str(), F_OK) == 0; });
  for (const auto& [file, fd] : network_.tls->copies())
    if (!in_use.contains(file)) offer.certificates.push_back({file, out.fds().add(fd.get())});
  // The next process keeps these files again.
  for (const auto& [file, content] : in_use) {
    UniqueFd copy = memory_file("certificate", content);
    if (!copy) continue;
    offer.certificates.push_back({file, out.fds().add(copy.get())});
    lost.push_back(std::move(copy));
  }
  const auto context = network_.tls->context();
  if (context)
    for (const TlsContext::Certificate& one : context->certificates())
      offer.certificates_in_use.push_back(one.file);
  offer.has_certificate = !offer.certificates_in_use.empty();
  return lost;
}

// Offers pictures before the pause, to keep that short: only later ones are sent in it, or all if
// there is no file.
UniqueFd Handover::offer_pictures(OfferRecord& offer) {
  pictures_.clear();
  UniqueFd file(::memfd_create("pictures", MFD_CLOEXEC));
  for (const auto& [name, bytes] : network_.pictures.all()) {
    if (!file || !write_all(file.get(), *bytes)) {
      pictures_.clear();
      offer.picture_bytes.clear();
      return {};
    }
    offer.picture_bytes.push_back(bytes->size());
    pictures_.insert(name);
  }
  return pictures_.empty() ? UniqueFd() : std::move(file);
}

// Likewise, so that the next process has applied the records when the pause begins.
UniqueFd Handover::offer_records(OfferRecord& offer) {
  records_.clear();
  records_revision_ = 0;
  auto content = network_.records->content();
  if (!content || content->revision == 0) return {};
  for (const RegistryRecord& record : content->records)
    records_.emplace_back(record.key, record.revision);
  offer.records_revision = records_revision_ = content->revision;
  HandoverOut out;
  put_records(out, *std::move(content));
  return memory_file("records", out.bytes());
}

// Likewise: those of 20,000 mounts would take a second of it.
UniqueFd Handover::offer_titles() {
  titles_to_ = network_.titles.changes();
  HandoverOut out;
  for (const TitlesRecord& titles : network_.titles.save()) out.put(HandoverType::kTitles, titles);
  return memory_file("titles", out.bytes());
}

}  // namespace lb
