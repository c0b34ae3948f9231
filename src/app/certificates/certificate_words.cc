#include "app/certificates/certificate_words.h"

#include "base/cat.h"

namespace lb {

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += cat({text.empty() ? "" : " ", name});
  return text;
}

}  // namespace lb
