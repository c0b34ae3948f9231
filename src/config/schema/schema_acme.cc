// Rows of <acme>.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

constexpr SchemaElement kAuthorityRows[] = {
    element("", kText, slot<&AcmeAuthority::url>, "The same as url.",
            {.example = "letsencrypt-staging"}),
    element("url", kText, slot<&AcmeAuthority::url>,
            "letsencrypt, letsencrypt-staging (for tests; no player trusts it), or another "
            "directory's https address.",
            {.example = "letsencrypt"}),
    element("ca-file", kPath, slot<&AcmeAuthority::ca_file>,
            "PEM certificates to check it with; default: the system's.",
            {.example = "/etc/ssl/our-ca.pem"}),
    element("eab-kid", kText, slot<&AcmeAuthority::external_id>,
            "The id of an account there, if required.", {.example = "kid-1"}),
    element("profile", kText, slot<&AcmeAuthority::profile>,
            "A certificate profile of the directory; by default the authority chooses.",
            {.example = "shortlived"}),
    element("staging", kText, slot<&AcmeAuthority::staging>,
            "The directory for tests, used after two failed attempts; Let's Encrypt's is known.",
            {.example = "https://staging.example.com/directory"}),
    element("eab-key", kSecret, slot<&AcmeAuthority::external_key>,
            "That account's key, in base64url as the authority shows it."),
};

constexpr SchemaBlock kAuthorityBlock =
    block_of<AcmeAuthority>("authority", "An authority; the next is used after a long failure.",
                            kAuthorityRows, {.inline_form = true});

constexpr SchemaChoice kHttpsRedirects[] = {
    {"off", HttpsRedirect::kOff}, {"pages", HttpsRedirect::kPages}, {"all", HttpsRedirect::kAll}};

constexpr SchemaElement kAcme[] = {
    element("", kBool, slot<&AcmeSettings::enabled>,
            "1: orders and renews certificates, and accepts the authority's terms.",
            {.standard = "1, if the element is present", .example = "1"}),
    element("names", kList, slot<&AcmeSettings::names>,
            "Names of one certificate, all of this server; off: no order.",
            {.standard = "hostname", .example = "radio.example.org www.radio.example.org"}),
    element("email", kText, slot<&AcmeSettings::email>, "Contact address for the authority.",
            {.example = "radio@example.org"}),
    element("challenges", kList, slot<&AcmeSettings::challenges>,
            "Methods to prove names, in this order: tls-alpn-01 (port 443), http-01 (port 80), "
            "dns-01 (needs dns-hook).",
            {.standard = "tls-alpn-01 http-01 dns-01", .example = "http-01 dns-01"}),
    element(
        "dns-hook", kPath, slot<&AcmeSettings::dns_hook>,
        "Program that sets and removes records for dns-01: PROGRAM add|remove NAME VALUE, within "
        "120 s, status 0 once the record exists; a name and its wildcard need two at a time.",
        {.example = "/usr/local/bin/radio-dns"}),
    element("dns-wait", kSeconds, slot<&AcmeSettings::dns_wait>,
            "Time between dns-hook and the request to the authority.",
            {.max = 3600, .example = "30"}),
    element(
        "keys", kList, slot<&AcmeSettings::keys>,
        "Kinds of keys: ecdsa (P-256); rsa (2048 bits) as a second certificate, for old players.",
        {.standard = "ecdsa", .example = "ecdsa rsa"}),
    element("ports", kList, slot<&AcmeSettings::ports>,
            "Ports besides the listen-sockets, for http and https; off: none.",
            {.standard = "80 443", .example = "8080 8443"}),
    element("redirect", kChoice, slot<&AcmeSettings::redirect>,
            "Requests redirected from http to https once there is a certificate: pages, all "
            "(streams too; old radios have no TLS), off.",
            {.choices = kHttpsRedirects}),
    element("hsts", kSeconds, slot<&AcmeSettings::hsts>,
            "How long browsers use only https (Strict-Transport-Security).",
            {.max = 63072000, .example = "31536000"}),
    element("answer-from", kList, slot<&AcmeSettings::answer_from>,
            "Servers, besides the masters, to ask for an unknown answer of http-01.",
            {.standard = "the masters", .example = "http://192.0.2.7:8000"}),
    element("authority", &kAuthorityBlock, each_in<&AcmeSettings::authorities>(),
            {.aliases = "directory"}),
};

}  // namespace

constinit const SchemaBlock kAcmeBlock = block_of<AcmeSettings>(
    "acme", "Automatic certificates: doc/https.md.", kAcme, {.inline_form = true});

}  // namespace lb
