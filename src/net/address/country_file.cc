#include "net/address/country_file.h"

#include <algorithm>
#include <utility>

#include "base/cat.h"

#if LB_MAXMINDDB
#include <fcntl.h>
#include <maxminddb.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "base/unique_fd.h"
#endif

namespace lb {

bool is_country(std::string_view text) noexcept {
  return text.size() == 2 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

#if LB_MAXMINDDB

namespace {

Result<UniqueFd> copy_of(const std::string& path) {
  const auto failed = [&path](std::string_view what) {
    return Error::io(cat({path, ": ", what, ": ", std::strerror(errno)}));
  };
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat facts {};
  if (!file || ::fstat(file.get(), &facts) != 0) return failed("cannot be opened");
  if (!S_ISREG(facts.st_mode)) return Error::invalid(path + ": is not a file");
  const auto size = static_cast<std::size_t>(facts.st_size);
  if (size > CountryFile::kLargest)
    return Error::limit(cat({path, ": has ", size, " bytes, too large"}));
  UniqueFd copy(::memfd_create("countries", MFD_CLOEXEC));
  if (!copy) return failed("cannot be copied");
  for (std::size_t done = 0; done < size;) {
    const ssize_t n = ::sendfile(copy.get(), file.get(), nullptr, size - done);
    if (n < 0) return failed("cannot be read");
    if (n == 0) break;  // the file has become shorter
    done += static_cast<std::size_t>(n);
  }
  return copy;
}

}  // namespace

struct CountryFile::Database {
  MMDB_s handle{};
  bool open = false;
  ~Database() {
    if (open) ::MMDB_close(&handle);
  }
};

Result<std::shared_ptr<const CountryFile>> CountryFile::open(const std::string& path) {
  auto copy = copy_of(path);
  if (!copy) return copy.error();
  auto database = std::make_unique<Database>();
  const std::string name = cat({"/proc/self/fd/", copy->get()});
  const int status = ::MMDB_open(name.c_str(), MMDB_MODE_MMAP, &database->handle);
  if (status != MMDB_SUCCESS)
    return Error::invalid(
        cat({path, ": is not a country database (", ::MMDB_strerror(status), ")"}));
  database->open = true;
  return std::shared_ptr<const CountryFile>(new CountryFile(std::move(database)));
}

CountryFile::CountryFile(std::unique_ptr<Database> database) : database_(std::move(database)) {
  if (const char* type = database_->handle.metadata.database_type) type_ = type;
}

std::string CountryFile::country(const Address& address) const {
  sockaddr_storage storage{};
  address.to_sockaddr(storage);
  int error = MMDB_SUCCESS;
  MMDB_lookup_result_s found = ::MMDB_lookup_sockaddr(
      &database_->handle, reinterpret_cast<const sockaddr*>(&storage), &error);
  if (error != MMDB_SUCCESS || !found.found_entry) return {};
  for (const char* whose : {"country", "registered_country"}) {
    MMDB_entry_data_s value{};
    const char* const way[] = {whose, "iso_code", nullptr};
    if (::MMDB_aget_value(&found.entry, &value, way) != MMDB_SUCCESS || !value.has_data ||
        value.type != MMDB_DATA_TYPE_UTF8_STRING)
      continue;
    const std::string_view code(value.utf8_string, value.data_size);
    if (is_country(code)) return std::string(code);
  }
  return {};
}

#else

struct CountryFile::Database {};

Result<std::shared_ptr<const CountryFile>> CountryFile::open(const std::string& path) {
  return Error::unsupported(path + ": this program was built without libmaxminddb");
}
CountryFile::CountryFile(std::unique_ptr<Database> database) : database_(std::move(database)) {}
std::string CountryFile::country(const Address&) const { return {}; }

#endif

CountryFile::~CountryFile() = default;

}  // namespace lb
