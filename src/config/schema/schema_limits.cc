// Rows of <limits> and <authentication>.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

using enum ValueKind;
using enum ReloadClass;

// <burst-on-connect>0 empties the burst if it comes after <burst-size>, and 1 does nothing: the
// order rule of Icecast 2.4 follows from applying the elements one after the other.
Slot burst_on_connect(void* object) {
  return NumberSlot{&static_cast<LimitSettings*>(object)->burst_bytes,
                    [](const void* at) -> std::int64_t {
                      return *static_cast<const std::size_t*>(at) == 0 ? 0 : 1;
                    },
                    [](void* at, std::int64_t on) {
                      if (on == 0) *static_cast<std::size_t*>(at) = 0;
                    }};
}

constexpr SchemaChoice kDeliveryChoices[] = {
    {"auto", static_cast<std::int64_t>(DeliveryCall::kAuto)},
    {"sendfile", static_cast<std::int64_t>(DeliveryCall::kSendfile)},
    {"writev", static_cast<std::int64_t>(DeliveryCall::kWritev)},
};
constexpr SchemaChoice kThreadChoices[] = {{"auto", 0}};

constexpr SchemaElement kLimits[] = {
    {.name = "clients",
     .kind = kNumber,
     .slot = slot<&LimitSettings::clients>,
     .min = 1,
     .max = 10'000'000,
     .example = "1000",
     .help = "Connections at once, of any kind. Beyond it listeners are refused; administrators "
             "and sources get in."},
    {.name = "sources",
     .kind = kNumber,
     .slot = slot<&LimitSettings::sources>,
     .min = 0,
     .max = 1'000'000,
     .example = "10",
     .help = "Streams at once: sources, relays, fallback files."},
    {.name = "queue-size",
     .kind = kBytes,
     .slot = slot<&LimitSettings::queue_bytes>,
     .min = 4096,
     .max = 1 << 30,
     .reload = kSource,
     .as_time = true,
     .example = "524288",
     .help = "How far a listener may fall behind before lag-policy counts. It holds at "
             "least the burst."},
    {.name = "burst-size",
     .kind = kBytes,
     .slot = slot<&LimitSettings::burst_bytes>,
     .min = 0,
     .max = 16'777'216,
     .reload = kSource,
     .as_time = true,
     .example = "65535",
     .help = "What a new listener gets at once, so that the player starts."},
    {.name = "burst-on-connect",
     .kind = kBool,
     .slot = burst_on_connect,
     .reload = kSource,
     .secondary = true,
     .standard = "1",
     .help =
         "0 after burst-size means burst-size 0, as in Icecast. Better write burst-size alone."},
    {.name = "header-timeout",
     .kind = kSeconds,
     .slot = slot<&LimitSettings::header_timeout>,
     .min = 1,
     .max = 3600,
     .example = "15",
     .help = "A client without a whole request by then is dropped."},
    {.name = "source-timeout",
     .kind = kSeconds,
     .slot = slot<&LimitSettings::source_timeout>,
     .min = 1,
     .max = 86'400,
     .reload = kSource,
     .example = "10",
     .help = "A source that is silent for so long is ended; listeners go to the fallback."},
    {.name = "client-timeout",
     .kind = kSeconds,
     .slot = slot<&LimitSettings::client_timeout>,
     .min = 0,
     .max = 86'400,
     .lenient = true,
     .example = "30",
     .help = "A client that takes nothing of a page or file for so long is dropped."},
    {.name = "threadpool",
     .kind = kNothing,
     .support = SchemaSupport::kQuiet,
     .help = "No effect, as in Icecast 2.4; see limits/threads."},
    {.name = "threads",
     .aliases = "workers",
     .kind = kNumber,
     .slot = slot<&LimitSettings::threads>,
     .min = 0,
     .max = 64,
     .choices = kThreadChoices,
     .reload = kRestart,
     .origin = SchemaOrigin::kOwn,
     .example = "auto",
     .help = "Threads that move bytes; auto or 0: one a processor."},
    {.name = "max-pulse",
     .kind = kMilliseconds,
     .slot = slot<&LimitSettings::max_pulse>,
     .min = 5,
     .max = 5000,
     .reload = kSource,
     .origin = SchemaOrigin::kOwn,
     .example = "750ms",
     .help = "The longest wait of new bytes; at most a quarter of the burst."},
    {.name = "delivery",
     .kind = kChoice,
     .slot = slot<&LimitSettings::delivery>,
     .choices = kDeliveryChoices,
     .reload = kNew,
     .origin = SchemaOrigin::kOwn,
     .example = "auto",
     .help = "The system call that sends a stream; auto: sendfile where it can."},
    {.name = "max-listeners",
     .kind = kNumber,
     .slot = slot<&LimitSettings::max_listeners>,
     .min = -1,
     .max = 10'000'000,
     .unset = -1,
     .origin = SchemaOrigin::kKh,
     .example = "500",
     .help = "Listeners of all mounts; 0 or -1: no limit."},
    {.name = "max-bandwidth",
     .kind = kRate,
     .slot = slot<&LimitSettings::max_bandwidth>,
     .min = 0,
     .max = 1'000'000'000'000'000,
     .origin = SchemaOrigin::kKh,
     .example = "900M",
     .help = "What all listeners may get, each counted with its stream's bitrate; 0: "
             "no limit."},
    {.name = "max-listeners-per-address",
     .kind = kNumber,
     .slot = slot<&LimitSettings::max_per_address>,
     .min = 0,
     .max = 1'000'000,
     .origin = SchemaOrigin::kOwn,
     .example = "20",
     .help = "Listeners from one address (IPv6: one /64) over all mounts, but trusted "
             "proxies and relays with a password. 0: no limit."},
    unsupported("min-queue-size", SchemaOrigin::kKh,
                "the queue always holds the burst, so there is no minimum to set"),
    unsupported("inactivity-timeout", SchemaOrigin::kKh,
                "the server does not stop itself when no source is connected"),
    unsupported("bodysize", SchemaOrigin::kIcecast25, "request bodies have a fixed limit"),
    unsupported("body-timeout", SchemaOrigin::kIcecast25,
                "a request body has the time of header-timeout"),
    unsupported("server-idle-timeout", SchemaOrigin::kIcecast25,
                "connections are not kept open between requests"),
};

constexpr SchemaElement kAuthentication[] = {
    {.name = "source-password",
     .kind = kSecret,
     .slot = slot<&AuthenticationSettings::source_password>,
     .help = "Login of sources, as user source, at mounts without a password of their "
             "own."},
    {.name = "admin-user",
     .kind = kText,
     .slot = slot<&AuthenticationSettings::admin_user>,
     .example = "admin",
     .help = "The user name for the pages under /admin/."},
    {.name = "admin-password",
     .kind = kSecret,
     .slot = slot<&AuthenticationSettings::admin_password>,
     .help = "The administrator's; without it /admin/ is off."},
    {.name = "relay-user",
     .kind = kText,
     .slot = slot<&AuthenticationSettings::relay_user>,
     .example = "relay",
     .help = "Name under which slave servers fetch the list of streams."},
    {.name = "relay-password",
     .kind = kSecret,
     .slot = slot<&AuthenticationSettings::relay_password>,
     .help = "Password of slaves; without it none gets the list of streams."},
    unsupported("shoutcast-user", SchemaOrigin::kIcecast25,
                "Shoutcast sources log in with the password alone"),
    {.name = "role",
     .kind = kNothing,
     .origin = SchemaOrigin::kIcecast25,
     .aside = true,
     .help = "A role of Icecast 2.5: one user and password of sources or of the "
             "administrator counts as above."},
};

}  // namespace

constinit const SchemaBlock kLimitsBlock{.name = "limits",
                                         .help = "How much at once, and how long to wait.",
                                         .elements = kLimits,
                                         .fresh = fresh<LimitSettings>};

constinit const SchemaBlock kAuthenticationBlock{
    .name = "authentication",
    .help = "Passwords of three roles; hackme is refused at start.",
    .elements = kAuthentication,
    .fresh = fresh<AuthenticationSettings>};

}  // namespace lb
