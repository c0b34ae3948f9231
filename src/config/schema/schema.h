// The schema: one row per element of the configuration file.  A row holds the element's name, its
// type, where its value is kept, when a change takes effect, and its purpose.  The parser,
// --dump-config, --dump-reference, the reload plan and "did you mean" all read these rows; nothing
// else knows the elements.
//
// Thread: constant tables, readable from any thread.
// To add an element: a field in the settings of its floor, and a row here.  The default is the
// value of a new settings struct, so it is never written twice.
// Values: a Slot points into a settings object.  Numbers of every type (int, seconds, enum, bool)
// have 64-bit get and set functions, so one parser and one printer serve all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace lb {

enum class ValueKind : std::uint8_t {
  kText,          // any text; white space around it is removed
  kSecret,        // a password: kept exactly, never printed
  kPath,          // a file or directory
  kMount,         // a path of the server: begins with '/'
  kHost,          // a host name or an address
  kNumber,        // an integer
  kBool,          // 1 or 0; also true/yes/on, false/no/off
  kBytes,         // a size; k, m, g = 1000, 1000², 1000³
  kRate,          // bits a second, same suffixes
  kSeconds,       // also 5s, 2m, 1h, 7d
  kMilliseconds,  // also 500ms, 1s
  kFraction,      // a decimal such as 0.05; kept, and limited by min and max, in ten-thousandths
  kChoice,        // one of the row's choices
  kOptionValue,   // second of a pair<string, string>: an option, which may be a password
  kList,          // words; the element may be repeated
  kFiles,         // a path; the element may be repeated
  kBlock,         // holds other elements
  kNamed,         // <option name="X" value="Y"/>, which means <X>Y</X>
  kNothing,       // known but not interpreted: see SchemaElement::note
};

enum class ReloadClass : std::uint8_t {
  kLive,     // takes effect at SIGHUP
  kSource,   // also applied to sources that are running
  kNew,      // for new connections or sources
  kRestart,  // only when the process starts
};

// The least role that may set a row of <mount> in a mount's record (config/mounts/mount_record.h).
// Rows of kFile can run a program, read or write a file, or have a password in the clear.
enum class SetBy : std::uint8_t {
  kUnsaid,    // no record has the row
  kOwner,     // of the mount's account
  kAdmin,     // administrators
  kExternal,  // the external configuration
  kFile,      // the configuration file only
};

enum class SchemaOrigin : std::uint8_t { kIcecast24, kIcecast25, kKh, kOwn };

enum class SchemaSupport : std::uint8_t {
  kWorks,
  kQuiet,        // without effect, also in Icecast 2.4: not reported
  kObsolete,     // works, but another element should be used: a warning names it
  kUnsupported,  // recognised and refused with a reason
};

struct NumberSlot {
  void* at;
  std::int64_t (*get)(const void*);
  void (*set)(void*, std::int64_t);
};
using Slot = std::variant<std::monostate, NumberSlot, std::string*, std::optional<std::string>*,
                          std::vector<std::string>*>;

struct SchemaChoice {
  constexpr SchemaChoice() = default;
  template <class T>  // a number or an enumerator
  constexpr SchemaChoice(std::string_view word, T means)
      : text(word), value(static_cast<std::int64_t>(means)) {}
  std::string_view text;
  std::int64_t value = 0;
};

struct SchemaBlock;

// How to reach a block's objects from the object of the enclosing block.
struct Nest {
  void* (*add)(void* parent) = nullptr;  // where a new occurrence is stored
  std::size_t (*count)(const void* parent) = nullptr;
  const void* (*at)(const void* parent, std::size_t index) = nullptr;
  bool many = false;  // every occurrence is its own object
};

// Optional facts of a row.
struct RowFacts {
  std::string_view aliases = {};  // other spellings, separated by one space
  SetBy set_by = SetBy::kUnsaid;
  std::int64_t min = 0;
  std::int64_t max = 0;
  std::int64_t scale = 1;                  // the stored number is the written one times this
  std::optional<std::int64_t> unset = {};  // the value that means "not written"
  std::span<const SchemaChoice> choices = {};
  ReloadClass reload = ReloadClass::kLive;
  SchemaOrigin origin = SchemaOrigin::kOwn;
  SchemaSupport support = SchemaSupport::kWorks;
  std::string_view note = {};  // why it is obsolete or unsupported
  bool attribute = false;      // only as an attribute
  bool secondary = false;      // writes the value that another row prints …
  // … with this path, relative to the block: "public", "../loglevel", ".." (the block's text).
  std::string_view canonical = {};
  bool aside = false;    // left to the loader, because it needs other elements
  bool as_time = false;  // bytes that may be written as seconds (5s), as in Icecast-KH
  bool lenient = false;  // a wrong value is a warning, because real files have it
  bool strict = false;   // a wrong value refuses the start, because a guess would be dangerous
  std::string_view standard = {};  // shown as the default if that is not a constant
  std::string_view example = {};
};

struct SchemaElement : RowFacts {
  std::string_view name = {};  // "": the text of the block itself
  ValueKind kind = ValueKind::kText;
  Slot (*slot)(void* object) = nullptr;
  std::string_view help = {};
  const SchemaBlock* block = nullptr;
  Nest nest = {};
};

// Optional facts of a block.
struct BlockFacts {
  std::string_view key = {};  // the element that identifies repeated blocks; "": position
  std::span<const SchemaElement> foreign = {};  // more rows: elements of other servers
  bool inline_form = false;                     // an import writes its values as attributes
};

struct SchemaBlock : BlockFacts {
  std::string_view name;
  std::string_view help;
  std::span<const SchemaElement> elements;
  std::shared_ptr<void> (*fresh)();  // makes an object with defaults
};

// The root: <icecast>, filled into a Config.
extern const SchemaBlock kRootBlock;
extern const SchemaBlock kLimitsBlock;
extern const SchemaBlock kListenBlock;
extern const SchemaBlock kAuthenticationBlock;
extern const SchemaBlock kPathsBlock;
extern const SchemaBlock kLoggingBlock;
extern const SchemaBlock kSecurityBlock;
extern const SchemaBlock kHeadersBlock;  // <http-headers>: a vector<HttpHeader>
extern const SchemaBlock kMountBlock;
extern const SchemaBlock kMountAuthenticationBlock;
extern const SchemaBlock kRelayBlock;
extern const SchemaBlock kMasterBlock;
extern const SchemaBlock kDirectoryBlock;
extern const SchemaBlock kRedirectBlock;
extern const SchemaBlock kMetricsBlock;
extern const SchemaBlock kNowBlock;
extern const SchemaBlock kArchiveBlock;
extern const SchemaBlock kMountArchiveBlock;
extern const SchemaBlock kClusterBlock;
extern const SchemaBlock kMountBalanceBlock;
extern const SchemaBlock kHlsBlock;
extern const SchemaBlock kMountHlsBlock;
extern const SchemaBlock kEncoderBlock;
extern const SchemaBlock kExternalBlock;
extern const SchemaBlock kStoreBlock;
extern const SchemaBlock kFallbackBlock;
extern const SchemaBlock kMountClusterLimitBlock;
extern const SchemaBlock kDeadAirBlock;
extern const Nest kDeadAirNest;
extern const SchemaBlock kAcmeBlock;
extern const SchemaBlock kAudienceBlock;
extern const SchemaBlock kWebhookBlock;
extern const SchemaBlock kStationBlock;
extern const SchemaBlock kPlayerBlock;
extern const SchemaBlock kArtBlock;
extern const SchemaBlock kConsoleBlock;

// The row of an element (or attribute) with this name; null: none.
const SchemaElement* find_element(const SchemaBlock& block, std::string_view name, bool attribute);

// The path of a row inside its block: "limits" + clients → "limits/clients", attributes with an @.
std::string join_path(const std::string& path, const SchemaElement& row);

// Whether the value of this row is part of the configuration, not another way to write one.
inline bool has_value(const SchemaElement& row) {
  return !row.secondary && row.kind != ValueKind::kNothing && row.kind != ValueKind::kNamed;
}

// Whether the row is written as an attribute; if not, as an element.
inline bool is_attribute(const SchemaBlock& block, const SchemaElement& row) {
  return row.attribute || block.inline_form;
}

// The row of the block's own text; null: none.
const SchemaElement* text_row(const SchemaBlock& block);

// The slot of an element, for reading only.
inline Slot read_slot(const SchemaElement& element, const void* object) {
  return element.slot(const_cast<void*>(object));  // the table has one accessor for both uses
}

// -- how rows are written ------------------------------------------------------------------------

template <class T>
struct NumberAccess {
  static std::int64_t get(const void* at) {
    const T& value = *static_cast<const T*>(at);
    if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
      return static_cast<std::int64_t>(value);
    } else {
      return value.count();
    }
  }
  static void set(void* at, std::int64_t number) {
    T& value = *static_cast<T*>(at);
    if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
      value = static_cast<T>(number);
    } else {
      value = T(number);
    }
  }
};

template <class T>
Slot slot_of(T& value) {
  if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::optional<std::string>> ||
                std::is_same_v<T, std::vector<std::string>>) {
    return &value;
  } else {
    return NumberSlot{&value, &NumberAccess<T>::get, &NumberAccess<T>::set};
  }
}

// Whether all rows name a role, as rows of records must; asserted at the table.
constexpr bool all_have_set_by(std::span<const SchemaElement> rows) {
  for (const SchemaElement& row : rows)
    if (row.set_by == SetBy::kUnsaid) return false;
  return true;
}

template <class M>
struct MemberTraits;
template <class C, class T>
struct MemberTraits<T C::*> {
  using Class = C;
  using Type = T;
};

// The slot of a member, or of a member of a member: slot<&Config::limits, &LimitSettings::clients>.
template <auto First, auto... Rest>
Slot slot(void* object) {
  auto& value = static_cast<typename MemberTraits<decltype(First)>::Class*>(object)->*First;
  if constexpr (sizeof...(Rest) == 0) {
    return slot_of(value);
  } else {
    return slot<Rest...>(&value);
  }
}

// A block that occurs once, as a member of its parent.
template <auto Member>
constexpr Nest inside() {
  using Class = typename MemberTraits<decltype(Member)>::Class;
  return {[](void* parent) -> void* { return &(static_cast<Class*>(parent)->*Member); },
          [](const void*) -> std::size_t { return 1; },
          [](const void* parent, std::size_t) -> const void* {
            return &(static_cast<const Class*>(parent)->*Member);
          },
          false};
}

// A block that only groups elements: it shares its parent's object.
constexpr Nest same_object() {
  return {[](void* parent) { return parent; }, [](const void*) -> std::size_t { return 1; },
          [](const void* parent, std::size_t) { return parent; }, false};
}

// A block that may be repeated: every occurrence is one element of a vector.
template <auto Member>
constexpr Nest each_in() {
  using Class = typename MemberTraits<decltype(Member)>::Class;
  return {
      [](void* parent) -> void* { return &(static_cast<Class*>(parent)->*Member).emplace_back(); },
      [](const void* parent) { return (static_cast<const Class*>(parent)->*Member).size(); },
      [](const void* parent, std::size_t index) -> const void* {
        return &(static_cast<const Class*>(parent)->*Member)[index];
      },
      true};
}

// A block whose rows are of a T.
template <class T>
constexpr SchemaBlock block_of(std::string_view name, std::string_view help,
                               std::span<const SchemaElement> rows, BlockFacts facts = {}) {
  return {facts, name, help, rows,
          [] { return std::static_pointer_cast<void>(std::make_shared<T>()); }};
}

}  // namespace lb
