// Names of records: keys, and the files that a directory keeps them in.
//
// "mounts/%2Frock.mp3" is mounts.d/rock.mp3.xml, "keys/m1/k7" is keys.d/m1+k7.json.  No two keys
// have the same file, and no key's file lies elsewhere: the characters of a key are letters,
// digits, '-', '.', '_', '~', '%' and '/', and a file name begins with no '.'.
// Thread: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lb {

// "mounts" of "mounts/%2Frock.mp3"; all of it where there is no slash.
std::string_view registry_class(std::string_view key) noexcept;
// Whether the records of a class are files to be read by people.  Those of made/ are not.
bool has_face(std::string_view key) noexcept;

// Without directory and extension, at most kFileStem characters; a longer name is cut, and has a
// digest of the key behind a '='.  REQUIRES: is_registry_key(key), with a slash
constexpr std::size_t kFileStem = 180;
std::string file_stem(std::string_view key);
// "mounts.d".
std::string file_folder(std::string_view key);
// ".xml" for what begins with '<' after white space, else ".json".
std::string_view record_extension(std::string_view value) noexcept;
// The key that has this stem in the folder of that class; nullopt: none, or one that was cut.
std::optional<std::string> key_of_file(std::string_view record_class, std::string_view stem);

}  // namespace lb
