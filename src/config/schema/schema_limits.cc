// Rows of <limits> and <authentication>.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

// <burst-on-connect>0 after <burst-size> empties the burst, and 1 has no effect.  Elements are
// applied in their order, which gives this rule of Icecast 2.4.
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
    {"auto", DeliveryCall::kAuto},
    {"sendfile", DeliveryCall::kSendfile},
    {"writev", DeliveryCall::kWritev},
};
constexpr SchemaChoice kThreadChoices[] = {{"auto", 0}};

constexpr SchemaElement kLimits[] = {
    element("clients", kNumber, slot<&LimitSettings::clients>,
            "Simultaneous connections; administrators and sources are admitted beyond it.",
            {.min = 1, .max = 10'000'000, .origin = kIcecast24, .example = "1000"}),
    element("sources", kNumber, slot<&LimitSettings::sources>,
            "Simultaneous sources, relays (never refused) and fallback files.",
            {.max = 1'000'000, .origin = kIcecast24, .example = "10"}),
    element("queue-size", kBytes, slot<&LimitSettings::queue_bytes>,
            "How far a listener may fall behind before lag-policy applies.",
            {.min = 4096,
             .max = 1 << 30,
             .reload = kSource,
             .origin = kIcecast24,
             .as_time = true,
             .example = "524288"}),
    element("burst-size", kBytes, slot<&LimitSettings::burst_bytes>,
            "Bytes that a new listener gets at once.",
            {.max = 16'777'216,
             .reload = kSource,
             .origin = kIcecast24,
             .as_time = true,
             .example = "65535"}),
    element("burst-on-connect", kBool, burst_on_connect,
            "0 after burst-size means burst-size 0. Prefer burst-size alone.",
            {.reload = kSource, .origin = kIcecast24, .secondary = true, .standard = "1"}),
    element("header-timeout", kSeconds, slot<&LimitSettings::header_timeout>,
            "A client with an incomplete request is dropped.",
            {.min = 1, .max = 3600, .origin = kIcecast24, .example = "15"}),
    element("source-timeout", kSeconds, slot<&LimitSettings::source_timeout>,
            "A source silent for this time is ended; listeners move to the fallback.",
            {.min = 1, .max = 86'400, .reload = kSource, .origin = kIcecast24, .example = "10"}),
    element("client-timeout", kSeconds, slot<&LimitSettings::client_timeout>,
            "A client that reads nothing of a page for this time is dropped.",
            {.max = 86'400, .origin = kIcecast24, .lenient = true, .example = "30"}),
    element("hand-over-time", kSeconds, slot<&LimitSettings::hand_over_time>,
            "How long after an upgrade the old process may carry its TLS connections; then they "
            "end, 2 % a second.",
            {.min = 1, .max = 31'536'000, .example = "12h"}),
    element("threadpool", kNothing, nullptr, "See limits/threads.",
            {.origin = kIcecast24, .support = kQuiet}),
    element("threads", kNumber, slot<&LimitSettings::threads>,
            "Worker threads; auto or 0: one per processor.",
            {.aliases = "workers",
             .max = 64,
             .choices = kThreadChoices,
             .reload = kRestart,
             .example = "auto"}),
    element("max-pulse", kMilliseconds, slot<&LimitSettings::max_pulse>,
            "The longest delay of new bytes; at most a quarter of the burst.",
            {.min = 5, .max = 5000, .reload = kSource, .example = "750ms"}),
    element("delivery", kChoice, slot<&LimitSettings::delivery>,
            "The system call for sending; auto: sendfile if possible.",
            {.choices = kDeliveryChoices, .reload = kNew, .example = "auto"}),
    element("max-listeners", kNumber, slot<&LimitSettings::max_listeners>,
            "Listeners of all mounts; 0 or -1: no limit.",
            {.min = -1, .max = 10'000'000, .unset = -1, .origin = kKh, .example = "500"}),
    element("max-bandwidth", kRate, slot<&LimitSettings::max_bandwidth>,
            "Bandwidth of all listeners, by their streams' bitrates; 0: no limit.",
            {.max = 1'000'000'000'000'000, .origin = kKh, .example = "900M"}),
    element("max-listeners-per-address", kNumber, slot<&LimitSettings::max_per_address>,
            "Listeners from one address (IPv6: /64), except trusted proxies and relays with a "
            "password. 0: no limit.",
            {.max = 1'000'000, .example = "20"}),
    unsupported("min-queue-size", kKh,
                "the queue always holds the burst, so there is no minimum to set"),
    unsupported("inactivity-timeout", kKh,
                "the server does not stop itself when no source is connected"),
    unsupported("bodysize", kIcecast25, "request bodies have a fixed limit"),
    unsupported("body-timeout", kIcecast25, "a request body has the time of header-timeout"),
    unsupported("server-idle-timeout", kIcecast25,
                "connections are not kept open between requests"),
};

constexpr SchemaElement kAuthentication[] = {
    element("source-password", kSecret, slot<&PasswordSettings::source_password>,
            "Password of sources (user source) at mounts without their own.",
            {.origin = kIcecast24}),
    element("admin-user", kText, slot<&PasswordSettings::admin_user>, "The user name for /admin/.",
            {.origin = kIcecast24, .example = "admin"}),
    element("admin-password", kSecret, slot<&PasswordSettings::admin_password>,
            "The administrator's password; without it /admin/ is off.", {.origin = kIcecast24}),
    element("relay-user", kText, slot<&PasswordSettings::relay_user>, "The user name of slaves.",
            {.origin = kIcecast24, .example = "relay"}),
    element("relay-password", kSecret, slot<&PasswordSettings::relay_password>,
            "The slaves' password; without it no slave gets the list of streams.",
            {.origin = kIcecast24}),
    unsupported("shoutcast-user", kIcecast25, "Shoutcast sources log in with the password alone"),
    element("role", kNothing, nullptr,
            "A role of Icecast 2.5: logins of sources and the administrator count as above.",
            {.origin = kIcecast25, .aside = true}),
};

}  // namespace

constinit const SchemaBlock kLimitsBlock =
    block_of<LimitSettings>("limits", "Limits and time-outs.", kLimits);

constinit const SchemaBlock kAuthenticationBlock = block_of<PasswordSettings>(
    "authentication", "Passwords of three roles; hackme is refused at start.", kAuthentication);

}  // namespace lb
