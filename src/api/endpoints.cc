#include "api/endpoints.h"

#include <optional>

#include "api/audience/audience_plans.h"
#include "api/audience/session_files.h"
#include "api/records/audit_plans.h"
#include "api/records/live_plans.h"
#include "api/records/record_plans.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"

namespace lb {
namespace {

constexpr Method kGet = Method::kGet, kPost = Method::kPost, kPut = Method::kPut,
                 kPatch = Method::kPatch, kDelete = Method::kDelete;
constexpr Role kNobody = Role::kNone, kViewer = Role::kViewer, kOperator = Role::kOperator,
               kOwner = Role::kOwner, kAdmin = Role::kAdmin;

// clang-format off
constexpr Endpoint kEndpoints[] = {
    {"openapi", kGet, "/openapi.json", kNobody, 200, "", "OpenApi", false, nullptr,
     "This description."},
    {"logIn", kPost, "/session", kNobody, 200, "SessionNew", "Session", false, nullptr,
     "Begins a session: the answer sets its cookie."},
    {"readSession", kGet, "/session", kViewer, 200, "", "Session", false, nullptr,
     "The login of the request, and csrf for its changes (X-LB-CSRF)."},
    {"logOut", kDelete, "/session", kViewer, 204, "", "", false, nullptr,
     "Ends the session; at a master with a store, its login at all servers."},
    {"handOver", kPost, "/session/handover", kViewer, 200, "HandoverNew", "Handover", false, nullptr,
     "Makes a token that begins this session at another node, once, within 30 seconds (doc/operators.md)."},
    {"listAccounts", kGet, "/accounts", kOwner, 200, "", "AccountList", false, list_accounts,
     "The accounts; for an owner its own."},
    {"createAccount", kPost, "/accounts", kAdmin, 201, "AccountNew", "Account", true,
     create_account, "Makes an account; with ?mounts=keep also under a name that mounts still have."},
    {"readAccount", kGet, "/accounts/{account}", kOwner, 200, "", "Account", false, read_account,
     "One account, with the quota used by its mounts."},
    {"changeAccount", kPatch, "/accounts/{account}", kAdmin, 200, "AccountChange", "Account", false,
     change_account, "Changes name, state and quota. The mounts of a suspended account accept no source."},
    {"deleteAccount", kDelete, "/accounts/{account}", kAdmin, 204, "", "", false, delete_account,
     "Deletes an account; with ?mounts=delete also its mounts, users and tokens."},
    {"listUsers", kGet, "/users", kOwner, 200, "", "UserList", false, list_users,
     "The users; for an owner its account's."},
    {"createUser", kPost, "/users", kOwner, 201, "UserNew", "User", true, create_user,
     "Makes a user. Without a password one is generated and shown once."},
    {"readUser", kGet, "/users/{user}", kViewer, 200, "", "User", false, read_user,
     "One user; each login may read its own user."},
    {"changeUser", kPatch, "/users/{user}", kOwner, 200, "UserChange", "User", false, change_user,
     "Changes role, account, mounts and the right to log in. Its sessions end."},
    {"deleteUser", kDelete, "/users/{user}", kOwner, 204, "", "", false, delete_user,
     "Deletes a user. Its sessions end."},
    {"setUserPassword", kPost, "/users/{user}/password", kViewer, 200, "PasswordNew", "User", false,
     set_user_password, "Sets a password; a login's own requires the old one. Without a password one is generated and shown once."},
    {"endUserSessions", kDelete, "/users/{user}/sessions", kViewer, 204, "", "", false,
     end_user_sessions, "Ends all sessions of a user."},
    {"listTokens", kGet, "/tokens", kOwner, 200, "", "TokenList", false, list_tokens,
     "The tokens for programs."},
    {"createToken", kPost, "/tokens", kOwner, 201, "TokenNew", "TokenMade", true, create_token,
     "Makes a token for a program, shown once."},
    {"deleteToken", kDelete, "/tokens/{token}", kOwner, 204, "", "", false, delete_token,
     "Deletes a token."},
    {"listMounts", kGet, "/mounts", kViewer, 200, "", "MountList", false, list_mounts,
     "The mounts of the store and of the configuration file."},
    {"createMount", kPost, "/mounts", kOwner, 201, "MountNew", "Mount", true, create_mount,
     "Makes a mount, with a login for its source that is shown once.", false,
     Look::kNothing, true},
    {"readMount", kGet, "/mounts/{mount}", kViewer, 200, "", "Mount", false, read_mount,
     "One mount."},
    {"replaceMount", kPut, "/mounts/{mount}", kOwner, 200, "MountPut", "Mount", false,
     replace_mount, "Replaces settings and limits. Logins, account and relay stay if left out."},
    {"changeMount", kPatch, "/mounts/{mount}", kOwner, 200, "MountPatch", "Mount", false,
     change_mount, "Changes some values (RFC 7396). In sources, a login without a password keeps its old one; unlisted logins are removed."},
    {"deleteMount", kDelete, "/mounts/{mount}", kOwner, 204, "", "", false, delete_mount,
     "Deletes a mount; its source ends."},
    {"suspendMount", kPost, "/mounts/{mount}/suspend", kOwner, 200, "Empty", "Mount", false,
     suspend_mount, "Ends the source and refuses new ones."},
    {"resumeMount", kPost, "/mounts/{mount}/resume", kOwner, 200, "Empty", "Mount", false,
     resume_mount, "Ends a suspension; only an administrator can end an administrator's."},
    {"moveMount", kPost, "/mounts/{mount}/move", kAdmin, 200, "MountMove", "Mount", false,
     move_mount, "Moves a mount to another home; the present home cancels the move.", false,
     Look::kNothing, true},
    {"renewMountPassword", kPost, "/mounts/{mount}/password", kOwner, 200, "LoginName", "Mount",
     false, renew_mount_password, "Makes a new password for one login of its source, shown once."},
    {"kickMountSource", kPost, "/mounts/{mount}/kick-source", kOperator, 204, "Empty", "", false,
     kick_mount_source, "Ends the source on air; it may reconnect.", true},
    {"listTitles", kGet, "/mounts/{mount}/titles", kViewer, 200, "", "PlayedTitles", false, list_titles,
     "The titles played lately (<max-history>), the newest first; of a hidden mount too.", true},
    {"setMountTitle", kPost, "/mounts/{mount}/title", kOperator, 204, "TitleNew", "", false,
     set_mount_title, "Sets the stream's title, at the server of its source.", true},
    {"setMountArt", kPut, "/mounts/{mount}/art", kOperator, 200, "Picture", "ArtKept", false,
     set_mount_art, "Sets the picture of the present title, as the body (doc/pictures.md); with ?keep=1 for a title that names it.",
     true},
    {"readMountHistory", kGet, "/mounts/{mount}/history", kViewer, 200, "", "History", false,
     read_mount_history, "As /history, for one mount: ?of=&from=&to=&points=.", true},
    {"listListeners", kGet, "/mounts/{mount}/listeners", kViewer, 200, "", "ListenerList", false,
     list_listeners, "The listeners at all nodes, or at ?node=; addresses for logins that may see them; missing: nodes that did not answer.", true,
     Look::kListeners},
    {"endListener", kDelete, "/mounts/{mount}/listeners/{node}/{listener}", kOperator, 204, "", "",
     false, end_listener, "Ends one listener; with ?ban=1 (admin) bans its address from this mount (?until=).", true, Look::kListener},
    {"moveListener", kPost, "/mounts/{mount}/listeners/{node}/{listener}/move", kOperator, 204,
     "ListenerMove", "", false, move_listener, "Moves one listener to another mount of its format.", true, Look::kListener},
    {"listNodes", kGet, "/nodes", kViewer, 200, "", "NodeList", false, list_nodes,
     "The servers of the cluster, including this one; a login for some mounts sees ids and states.", true,
     Look::kNodes},
    {"readNode", kGet, "/nodes/{node}", kViewer, 200, "", "Node", false, read_node, "One server.",
     true, Look::kNodes},
    {"drainNode", kPost, "/nodes/{node}/drain", kAdmin, 204, "NodeDrain", "", false,
     drain_node_plan, "Drains a server, or ends the drain.", true, Look::kNodes},
    {"weighNode", kPost, "/nodes/{node}/weight", kAdmin, 204, "NodeWeight", "", false, weigh_node,
     "Sets its share of new listeners; null: the file's. Without a store, until the next start.", true, Look::kNodes},
    {"readHealth", kGet, "/health", kViewer, 200, "", "Health", false, read_health,
     "Whether this server takes listeners, why not, and the nodes that are not up; for a login for some mounts states only. Probes use /_lb/health.", true,
     Look::kHealth},
    {"readHistory", kGet, "/history", kViewer, 200, "", "History", false, read_history,
     "Values of the past: ?of=listeners|kbps&by=all|mount|node&mount=&node=&from=&to=&points=, times in Unix seconds; default: the last hour. by=country, and times before the history: from the audience.", true},
    {"readLive", kGet, "/live", kViewer, 200, "", "Live", false, follow_live,
     "Server-sent events of all that the login sees, or of ?mount= or ?account=; with ?mount=&listeners=1 also its listeners (doc/orchestration.md)."},
    {"listCertificates", kGet, "/certificates", kAdmin, 200, "", "Certificates", false,
     list_certificates, "The certificates of this server, including <acme>.", true,
     Look::kCertificates},
    {"orderCertificate", kPost, "/certificates/{certificate}/order", kAdmin, 204, "Empty", "", false,
     order_certificate_plan, "Orders the certificate of this name, at most once an hour; with ?staging=1 only tries it, with ?revoke=1 then revokes the one in use.",
     true, Look::kCertificates},
    {"readLog", kGet, "/log", kAdmin, 200, "", "LogEnd", false, read_log,
     "The last lines of a log of this server: ?of=error|access|playlist&most=&find=.", true},
    {"checkConfiguration", kGet, "/configuration/check", kAdmin, 200, "", "ConfigurationCheck",
     false, check_configuration, "The report of --check-config on this server's file.", true},
    {"reloadConfiguration", kPost, "/configuration/reload", kAdmin, 204, "Empty", "", false,
     reload_configuration, "Reloads the configuration file, as SIGHUP does.", true},
    {"listAudit", kGet, "/audit", kOwner, 200, "", "AuditList", false, list_audit,
     "The audit log, newest first; for an owner its account's entries.", true},
    {"listStations", kGet, "/stations", kViewer, 200, "", "StationList", false, list_stations,
     "The stations of the store and of the configuration file."},
    {"readStation", kGet, "/stations/{station}", kViewer, 200, "", "Station", false, read_station,
     "One station."},
    {"putStation", kPut, "/stations/{station}", kOwner, 200, "StationPut", "Station", false,
     put_station, "Makes or replaces a station. An owner's has only mounts of its account; each mount belongs to one station."},
    {"changeStation", kPatch, "/stations/{station}", kOwner, 200, "StationPatch", "Station", false,
     change_station, "Changes some values (RFC 7396)."},
    {"deleteStation", kDelete, "/stations/{station}", kOwner, 204, "", "", false, delete_station,
     "Deletes a station; its mounts stay."},
    {"listBans", kGet, "/bans", kAdmin, 200, "", "BanList", false, list_bans, "The bans."},
    {"createBan", kPost, "/bans", kAdmin, 201, "BanNew", "Ban", true, create_ban,
     "Bans an address, network, user or country; present listeners end, unless kick is false."},
    {"readBan", kGet, "/bans/{ban}", kAdmin, 200, "", "Ban", false, read_ban, "One ban."},
    {"deleteBan", kDelete, "/bans/{ban}", kAdmin, 204, "", "", false, delete_ban, "Ends a ban."},
    {"audienceSummary", kGet, "/audience/summary", kViewer, 200, "", "AudienceSummary", false,
     audience_summary, "Sums of listening between ?from= and ?to= (Unix seconds, or a time such as 2026-11-22T08:00 in ?zone= or ?tz=; default: the last 24 hours), for ?mount=, ?account=, or all that the login sees. CSV with ?format=csv.", true},
    {"audienceHours", kGet, "/audience/hours", kViewer, 200, "", "AudienceHours", false,
     audience_hours, "Sums by hour of a zone, or ?by=day or month; with \"month,mount\" for each mount that was heard.", true},
    {"audienceSessions", kGet, "/audience/sessions", kViewer, 200, "", "AudienceSessions", false,
     audience_sessions, "The sessions that began then; with ?all=1 also quick looks, bots and relays.", true},
    {"forgetListener", kDelete, "/audience/sessions", kAdmin, 200, "", "AudienceForgotten", false,
     forget_listener, "Deletes the sessions of a listener on their request: ?address=, with &agent= and &user=, or ?session=. The sums stay.", true},
    {"forgetPerson", kDelete, "/audience/who", kAdmin, 200, "", "AudienceForgotten", false,
     forget_listener, "As DELETE of /audience/sessions.", true},
    {"backUpAudience", kPost, "/audience/backup", kAdmin, 200, "Empty", "AudienceBackup", false,
     back_up_audience, "Copies the database, while it is in use, to a file beside it, replacing the previous copy.", true},
    {"audienceCountries", kGet, "/audience/countries", kViewer, 200, "", "AudienceCountries", false,
     audience_countries, "Sums by country, with a <geoipdb>; whole hours.", true},
    {"audiencePlayers", kGet, "/audience/players", kViewer, 200, "", "AudiencePlayers", false,
     audience_players, "Sums by player; whole hours.", true},
    {"audienceTitles", kGet, "/audience/titles", kViewer, 200, "", "AudienceTitles", false,
     audience_titles, "The titles that began then, with performances and gain; ?order=gain or loss.", true},
    {"fillPlays", kPost, "/audience/plays", kOperator, 200, "PlayLog", "AudienceFilled", false,
     fill_plays, "Takes a playlist log (text/csv) of ?mount=, with times in ?zone=, and fills in missing details of titles, by time and similarity.", true},
    {"audienceUsage", kGet, "/audience/usage", kViewer, 200, "", "AudienceUsage", false,
     audience_usage, "Usage by each account's mounts per month, or ?by=day.", true},
    {"audienceSongs", kGet, "/audience/reports/songs", kViewer, 200, "", "AudienceSongs", false,
     audience_songs, "Titles by country, with their performances.", true},
    {"audiencePlaylist", kGet, "/audience/reports/playlist", kViewer, 200, "", "AudiencePlaylist",
     false, audience_playlist, "Each title that began then, with the columns that GEMA and GVL require; ?columns=title:Titre,artist:Artiste renames them.", true},
    {"audienceSoundExchange", kGet, "/audience/reports/soundexchange", kViewer, 200, "",
     "AudienceSoundExchange", false, audience_sound_exchange, "Performances of each recording in the United States, or in ?country=. With ?format=csv the file of 37 CFR 370.4, for ?service= and ?category=.", true},
    {"audienceSoundExchangeIncomplete", kGet, "/audience/reports/soundexchange-incomplete", kViewer,
     200, "", "AudienceSoundExchangeIncomplete", false, audience_sound_exchange_incomplete,
     "Recordings missing in that report: without ISRC, and without album or label.", true},
    {"audienceNpr", kGet, "/audience/reports/npr", kOwner, 200, "", "AudienceAddresses", false,
     audience_npr, "The listenings of ?mount= that ended then, with addresses if <keep-addresses> keeps them. With ?format=csv the log of NPR and SoundStack.", true},
    {"audienceTriton", kGet, "/audience/reports/triton", kOwner, 200, "", "AudienceAddresses", false,
     audience_triton, "As npr, for all mounts; as CSV for Triton.", true},
    {"readExternal", kGet, "/external", kAdmin, 200, "", "External", false, nullptr,
     "The external configuration: its last answer, its faults, the removal that awaits confirmation."},
    {"confirmExternal", kPost, "/external/confirm", kAdmin, 200, "ExternalConfirm", "External",
     false, nullptr, "Confirms the removals in the list with this ETag.", true},
};
// clang-format on

// The decoded names in the path if it matches the template.
std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view path) {
  const auto wanted = split(pattern, '/'), given = split(path, '/');
  if (wanted.size() != given.size()) return std::nullopt;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!wanted[i].starts_with('{')) {
      if (wanted[i] != given[i]) return std::nullopt;
      continue;
    }
    auto name = percent_decode(given[i], false);
    if (!name || name->empty()) return std::nullopt;
    names.push_back(*std::move(name));
  }
  return names;
}

}  // namespace

std::span<const Endpoint> endpoints() noexcept { return kEndpoints; }

FoundEndpoint find_endpoint(Method method, std::string_view path) {
  FoundEndpoint found;
  if (!path.starts_with(kApiPath)) return found;
  path.remove_prefix(kApiPath.size());
  if (method == Method::kHead) method = kGet;
  for (const Endpoint& endpoint : kEndpoints) {
    auto names = match(endpoint.path, path);
    if (!names) continue;
    found.allow += cat({found.allow.empty() ? "" : ", ", method_word(endpoint.method)});
    if (endpoint.method != method) continue;
    found.endpoint = &endpoint;
    found.names = *std::move(names);
  }
  return found;
}

}  // namespace lb
