# SPDX-License-Identifier: ISC
"""An EC2, STS and SSM endpoint on loopback whose instances are real sshds.

Started by tests/cloud/lib.sh; how to use it stands there.  Python's standard
library only.  Where real AWS and the SDKs disagree with their manuals, this
follows AWS.
"""
