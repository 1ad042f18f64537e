/* The functions of SERVICE_BLOCK and SERVICE_BLOCK_VECTOR, for the table of services. */
#ifndef PIOEMU_DEVICE_SERVICES_BLOCK_H
#define PIOEMU_DEVICE_SERVICES_BLOCK_H

#include "src/device/device_services.h"

void service_block_perform(Device *dev, ServiceCall *call);
void service_block_describe(const ServiceCall *call, GString *text);
uint64_t service_block_size(const ServiceCall *call);
void service_vector_describe(const ServiceCall *call, GString *text);
uint64_t service_vector_size(const ServiceCall *call);

#endif
