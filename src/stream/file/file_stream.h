// FileStream: a file of audio in memory, whole units only, ready to be sent like a log: intros and
// fallback files.
//
// Thread: loaded where reading may wait (the clerk); immutable afterwards, any thread.
// Ownership: shared; an object that sends from it holds it.
// The bytes kept: of MPEG audio the frames of one kind, without tags and Xing frame (whose length
// would be wrong in a stream); of Ogg the pages; of other formats all.
// Bounds: the first 16 MiB of a file; cut_short: there was more.
// Errors: kNotFound (no regular file there), kIo, kInvalid (nothing playable).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/file_stamp.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "media/framer.h"
#include "media/mpeg_header.h"
#include "stream/log/stream_view.h"

namespace lb {

class Mount;

constexpr std::size_t kMaxFileBytes = 16 << 20;

struct FileStream {
  std::string path;
  FileStamp stamp;
  const FramerPlugin* plugin = nullptr;    // by the file's content, not its name
  std::optional<MpegKind> kind;            // MPEG audio
  std::string subtype;                     // Ogg: "Vorbis", "Opus" …
  std::shared_ptr<const StreamView> view;  // [0, size), ended, no marks
  std::uint64_t bytes_per_second = 0;      // 0: not known
  bool cut_short = false;

  std::uint64_t size() const noexcept { return view->end; }
};

Result<std::shared_ptr<const FileStream>> load_file_stream(const std::string& path);
// The same from bytes.
Result<std::shared_ptr<const FileStream>> make_file_stream(const std::string& path, ByteSpan bytes);

// Another process's copy: `bytes` of a file, with its framer's name.  Whether it fits a stream is
// not checked again: that process did.
Result<std::shared_ptr<const FileStream>> adopt_file_stream(const std::string& path,
                                                            std::string_view plugin, UniqueFd file,
                                                            std::uint64_t bytes);

// The kbit/s in brackets in a name, "fallback-[128].mp3" (Icecast-KH); 0: none.
unsigned rate_in_name(std::string_view name);

// Why a player of `mount` could not play the file; "": it can.
std::string why_not_playable(const FileStream& file, const Mount& mount);

}  // namespace lb
