// SongDetails: facts about a song besides its text.  They are not in the stream: they come by the
// API of the source's node, and from that node by links.  TitleRequest: a title to be set.
//
// Thread: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/record.h"

namespace lb {

struct SongDetails {
  static constexpr std::int64_t kLongestMs = 86'400'000;
  // In bytes: a title, artist or album; a label, its code or a composer.
  static constexpr std::size_t kLongestTitle = 1024, kLongestFact = 200;

  std::string album;                                       // "": not given
  std::string isrc;                                        // 12 letters and digits; "": not given
  std::int64_t duration_ms = 0;                            // 0: not given
  std::string label = {}, label_code = {}, composer = {};  // "": not given
  std::string artist = {};  // separately from the title, as artist_apart()

  bool operator==(const SongDetails&) const = default;
  static constexpr PlainRecord kRecord{.members = 7};
};

// A title that an operator, an encoder or a master sets.  Set are either `song`, or `artist` and
// `title`, or none of them: then nothing changes and only the verdict is asked for (Icecast answers
// a lone title= with success and ignores it).
struct TitleRequest {
  std::optional<std::string> song;
  std::optional<std::string> artist;
  std::optional<std::string> title;
  std::optional<std::string> url;
  std::string charset;  // "": not given
  std::string encoder;  // whose title it is, by its login; "": the mount's
  // Not empty: refuse unless the source itself comes from this address (Icecast's rule for source
  // credentials on the raw form).
  std::string only_from_ip;
  std::string art;                  // the name of its picture; "": not given
  std::optional<std::string> next;  // the next song; "": no longer known
  SongDetails details = {}, next_details = {};
  std::optional<std::int64_t> at_ms = {};  // when the title begins to sound, Unix; nullopt: now

  // Of texts in UTF-8; "": not given.  Without an artist the title is the whole song.
  static TitleRequest of_texts(const std::string& artist, const std::string& title,
                               const std::string& url) {
    TitleRequest request;
    if (artist.empty()) {
      request.song = title;
    } else {
      request.artist = artist;
      request.title = title;
    }
    if (!url.empty()) request.url = url;
    request.charset = "UTF-8";
    return request;
  }
};

}  // namespace lb
