unit_programs += unit_registry
unit_registry_files = tests/unit/main.cc \
  tests/unit/registry/etcd_registry_test.cc \
  tests/unit/registry/etcd_text_test.cc \
  tests/unit/registry/fake_etcd.h \
  tests/unit/registry/file_registry_test.cc \
  tests/unit/registry/key_test.cc \
  tests/unit/registry/mirror_test.cc \
  tests/unit/registry/record_directory_test.cc \
  tests/unit/registry/record_text_test.cc \
  tests/unit/registry/store_copy_test.cc \
  tests/unit/registry/temporary_folder.h
if UNITY
nodist_unit_registry_SOURCES = $(unit_registry_units)
else
unit_registry_SOURCES = $(unit_registry_files)
endif
unit_registry_units = tests/unit/registry/unity_1.cc
$(unit_registry_units): $(unit_registry_files) tests/unit/registry/unit.mk tools/unity
	$(UNITY) $@ $(unit_registry_units) : $(unit_registry_files)
CLEANFILES += $(unit_registry_units)
unit_registry_CPPFLAGS = $(UNIT_CPPFLAGS)
unit_registry_LDADD = $(REGISTRY) $(CPPUTEST_LIBS)
