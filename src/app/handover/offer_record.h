// The types of records of a hand-over, and the records by which the two processes agree.
// Thread: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/record.h"
#include "stream/mount/moved_fd.h"

namespace lb {

// Types of records.  A number is never used again for another type.
enum class HandoverType : std::uint32_t {
  kOffer = 1,
  kPrepared = 2,
  kRefused = 3,
  kServer = 10,
  kMount = 11,
  kSource = 12,
  kListeners = 13,
  kRequest = 14,
  kAudience = 15,
  kStandby = 16,
  kPlayers = 17,
  kCluster = 18,
  kMaster = 19,
  kEnd = 20,
  kNode = 21,
  kArchive = 22,
  kDump = 23,
  kLedger = 24,
  kSlots = 25,
  kFile = 26,
  kPast = 27,
  kDirect = 28,
  kSeats = 29,
  kRecords = 30,
  kProgram = 31,
  kTitles = 32,
  kPictures = 33,
  kDeadAir = 34,
  kRelay = 35,
  kClosed = 36,
  kThrottle = 37,
  kLogin = 38,
  kDueTitle = 39,
  kEnded = 40,
  kRecordsSince = 41,
  kNumbers = 42,
  kCounts = 43,
  kWebhook = 44,
  kEvents = 45,
  kHolders = 46,
  kOffAir = 47,
  kListings = 48,
  kPumps = 49,
  kMountEvents = 50,
  kStreamList = 51,
  kKnownNames = 52,
};

// The format of the records; within one format fields are only added.
constexpr std::uint32_t kHandoverFormat = 1;

struct SocketRecord {
  std::uint32_t wanted_port = 0, port = 0;  // as configured, as bound
  std::string bind_address;
  bool shoutcast = false, inherited = false;
  std::vector<MovedFd> fds;  // one a worker
  bool tls = false;
  static constexpr PlainRecord kRecord{.members = 7};
};

// The content of a certificate's or key's file that only root may open.
struct FileCopyRecord {
  std::string file;
  MovedFd fd = 0;
  static constexpr PlainRecord kRecord{.members = 2, .needed = 2};
};

// The first record of the predecessor.
struct OfferRecord {
  std::uint32_t format = kHandoverFormat;
  std::string version;
  std::uint32_t workers = 0;
  std::uint64_t known_pid = 0;  // known number of the server: its stand-in's, if it has one
  bool stands_in = false;       // that process stays, named in the pid file
  std::vector<MovedFd> stand_in, notify, pid_file;  // one or none
  std::uint64_t watchdog_us = 0;
  std::vector<SocketRecord> sockets;
  std::vector<SocketRecord> cluster_port;  // one or none
  std::uint64_t store = 0;                 // descriptors that the service manager keeps
  bool confined = false;                   // so the next process is confined at once
  // Pictures of titles, one after the other in a file.
  std::vector<MovedFd> pictures;  // one or none
  std::vector<std::uint64_t> picture_bytes;
  std::vector<MovedFd> conf;  // one or none: settings from masters
  bool in_parts = false;      // the next process reads while this one writes
  // The records of the <store> in a file, and their revision.
  std::vector<MovedFd> records;  // one or none
  std::uint64_t records_revision = 0;
  std::vector<FileCopyRecord> certificates;
  bool has_certificate = false;                  // one is in use
  std::uint64_t file_limit = 0;                  // RLIMIT_FSIZE; 0: not known
  std::vector<SocketRecord> switch_ports;        // of SwitchService
  std::vector<std::string> certificates_in_use;  // their files
  std::vector<MovedFd> titles;                   // one or none: TitlesRecords in a file
};
template <class Io, RecordOf<OfferRecord> T>
void record_fields(Io& io, T& offer) {
  auto& [format, version, workers, known_pid, stands_in, stand_in, notify, pid_file, watchdog_us,
         sockets, cluster_port, store, confined, pictures, picture_bytes, conf, in_parts, records,
         records_revision, certificates, has_certificate, file_limit, switch_ports,
         certificates_in_use, titles] = offer;
  io.needed(1, format);
  io(2, version, workers, known_pid, stands_in, stand_in, notify, pid_file, watchdog_us, sockets,
     cluster_port, store, confined, pictures, picture_bytes, conf, in_parts, records,
     records_revision, certificates, has_certificate, file_limit, switch_ports, certificates_in_use,
     titles);
}

struct WordRecord {
  std::string text;
  // In kPrepared: the accepted parts of the offer.
  bool in_parts = false;
  std::uint64_t records_revision = 0;
  bool rests = false;   // RequestRecord::status is read
  bool files = false;   // … and RequestRecord::file
  bool shared = false;  // … also of several requests
  bool titles = false;  // of the offer
  static constexpr PlainRecord kRecord{.members = 7};
};

// Totals, which the successor compares.
struct EndRecord {
  std::uint64_t mounts = 0, sources = 0, listeners = 0, requests = 0;
  std::uint64_t positions = 0;  // the sum over all listeners
  std::uint64_t standbys = 0, players = 0, masters = 0, nodes = 0;
};
template <class Io, RecordOf<EndRecord> T>
void record_fields(Io& io, T& end) {
  auto& [mounts, sources, listeners, requests, positions, standbys, players, masters, nodes] = end;
  io(1, mounts, sources, listeners, requests, positions, standbys, players, masters, nodes);
}

}  // namespace lb
