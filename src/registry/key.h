// Names of records: keys, and their files in a directory.
//
// "mounts/%2Frock.mp3" is mounts.d/rock.mp3.xml, "keys/m1/k7" is keys.d/m1+k7.json.  Each key has
// its own file, always in this directory: the characters of a key are letters, digits, '-', '.',
// '_', '~', '%' and '/', and a file name begins with no '.'.
// Thread: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lb {

// "mounts" of "mounts/%2Frock.mp3"; the whole key without a slash.
std::string_view registry_class(std::string_view key) noexcept;
// Whether a class has files for people. made/ has none.
bool has_face(std::string_view key) noexcept;

// Without directory and extension, at most kFileStem characters; a longer name is cut, and gets '='
// and a digest of the key.  REQUIRES: is_registry_key(key), with a slash
constexpr std::size_t kFileStem = 180;
std::string file_stem(std::string_view key);
// "mounts.d".
std::string file_folder(std::string_view key);
// ".xml" if the first character after white space is '<', otherwise ".json".
std::string_view record_extension(std::string_view value) noexcept;
// The key with this stem in the folder of that class; nullopt: none, or a cut name.
std::optional<std::string> key_of_file(std::string_view record_class, std::string_view stem);

}  // namespace lb
