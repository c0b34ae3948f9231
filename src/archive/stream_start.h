// stream_start: where a listener of the past begins in a recorded file: at the mark before the
// moment that it asks for.  Pages of Ogg may have seconds of sound and begin within a packet: there
// it is the packet that is heard at that moment, and the first page is sent without those before
// it.
//
// Thread: where reading may wait (ReaderPool); of MPEG nothing is read.
#pragma once

#include <cstdint>

#include "archive/archive_file.h"
#include "media/bytes.h"
#include "media/framer.h"

namespace lb {

struct StreamStart {
  std::shared_ptr<const ArchiveFile> file;
  std::uint64_t offset = 0;  // in the file: what is sent as it is
  std::int64_t wall_ms = 0;  // of the first sound
  Bytes lead;                // a part of a page, to be sent before it and behind the headers
};

// Something of the first page may have to be left out.
bool begins_within_page(const ArchiveFile& file);

// next: the file that goes on where this one ends; null: none, or not known.  It is there that the
// listener begins where this one ends before the moment.
StreamStart start_at(std::shared_ptr<const ArchiveFile> file,
                     std::shared_ptr<const ArchiveFile> next, std::int64_t wall_ms);

}  // namespace lb
