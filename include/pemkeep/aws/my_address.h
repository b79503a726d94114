/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_AWS_MY_ADDRESS_H
#define PEMKEEP_AWS_MY_ADDRESS_H

/* The address that this machine has as others on the internet see it. */

struct aws;
struct err;

#define AWS_MY_ADDRESS_URL "https://checkip.amazonaws.com"
#define AWS_MY_ADDRESS_SIZE 46 /* of a terminated IPv6 address */

/*
 * Ask a page that answers with nothing but the address; NULL: AWS' own, at
 * AWS_MY_ADDRESS_URL.  It is IPv4 or IPv6, as inet_ntop() writes it.
 * ERR_NETWORK: no answer, or none that is an address; ERR_INTERRUPTED;
 * ERR_NOMEM; ERR_UNSUPPORTED without libcurl.
 */
int aws_my_address(struct aws *aws, const char *url,
    char address[static AWS_MY_ADDRESS_SIZE], struct err *e);

#endif
