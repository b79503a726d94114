#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""An EC2 endpoint that only has many instances, made once and kept as text.

    ec2pages.py COUNT [PAGE]

Prints its URL, then answers until its standard input ends.  For measuring: the
time that it needs itself is that of writing a page to a socket.  Signatures are
not looked at (tests/cloud does that).
"""

import http.server
import os
import sys
import threading
import urllib.parse

HEAD = ('<?xml version="1.0" encoding="UTF-8"?>\n<%sResponse xmlns='
        '"http://ec2.amazonaws.com/doc/2016-11-15/">'
        '<requestId>5f3a1c2e-0000-4000-8000-000000000000</requestId>')

INSTANCE = '''
<item><reservationId>r-%(n)017x</reservationId><ownerId>111122223333</ownerId>
<groupSet/><instancesSet><item><instanceId>i-%(n)017x</instanceId>
<imageId>ami-0123456789abcdef0</imageId>
<instanceState><code>16</code><name>running</name></instanceState>
<privateDnsName>ip-10-%(a)d-%(b)d-%(c)d.eu-west-1.compute.internal</privateDnsName>
<dnsName>ec2-54-%(a)d-%(b)d-%(c)d.eu-west-1.compute.amazonaws.com</dnsName>
<reason/><keyName>a-key-of-the-team</keyName><amiLaunchIndex>0</amiLaunchIndex>
<productCodes/><instanceType>t3.micro</instanceType>
<launchTime>2026-01-15T08:15:00.000Z</launchTime>
<placement><availabilityZone>eu-west-1a</availabilityZone><groupName/>
<tenancy>default</tenancy></placement>
<monitoring><state>disabled</state></monitoring>
<subnetId>subnet-0123456789abcdef0</subnetId><vpcId>vpc-0123456789abcdef0</vpcId>
<privateIpAddress>10.%(a)d.%(b)d.%(c)d</privateIpAddress>
<ipAddress>54.%(a)d.%(b)d.%(c)d</ipAddress>
<sourceDestCheck>true</sourceDestCheck><groupSet><item>
<groupId>sg-0123456789abcdef0</groupId><groupName>web servers</groupName></item>
</groupSet><architecture>x86_64</architecture>
<rootDeviceType>ebs</rootDeviceType><rootDeviceName>/dev/sda1</rootDeviceName>
<blockDeviceMapping><item><deviceName>/dev/sda1</deviceName><ebs>
<volumeId>vol-%(n)017x</volumeId><status>attached</status>
<attachTime>2026-01-15T08:15:01.000Z</attachTime>
<deleteOnTermination>true</deleteOnTermination></ebs></item></blockDeviceMapping>
<virtualizationType>hvm</virtualizationType>
<clientToken>%(n)036x</clientToken><tagSet>
<item><key>Name</key><value>web-%(n)d</value></item>
<item><key>env</key><value>prod</value></item>
<item><key>team</key><value>payments and more</value></item>
<item><key>owner</key><value>somebody@example.com</value></item>
<item><key>aws:autoscaling:groupName</key><value>a-group-of-servers</value></item>
</tagSet><hypervisor>xen</hypervisor><networkInterfaceSet><item>
<networkInterfaceId>eni-%(n)017x</networkInterfaceId><status>in-use</status>
<privateIpAddress>10.%(a)d.%(b)d.%(c)d</privateIpAddress>
<association><publicIp>54.%(a)d.%(b)d.%(c)d</publicIp>
<publicDnsName>ec2-54-%(a)d-%(b)d-%(c)d.eu-west-1.compute.amazonaws.com</publicDnsName>
<ipOwnerId>amazon</ipOwnerId></association>
<ipv6AddressesSet/></item></networkInterfaceSet><ebsOptimized>false</ebsOptimized>
<enaSupport>true</enaSupport><platformDetails>Linux/UNIX</platformDetails>
<usageOperation>RunInstances</usageOperation></item></instancesSet></item>'''

SMALL = {
    'DescribeAddresses': '<addressesSet/>',
    'DescribeKeyPairs': '<keySet/>',
    'DescribeImages': '<imagesSet/>',
    'GetCallerIdentity':
        '<GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/x</Arn>'
        '<UserId>X</UserId><Account>111122223333</Account>'
        '</GetCallerIdentityResult>',
}


def answer(action, body):
    return (HEAD % action + body + '</%sResponse>' % action).encode()


def pages(count, size):
    made = []
    for start in range(0, count, size):
        end = min(start + size, count)
        rows = ''.join(INSTANCE % {'n': n, 'a': n >> 16 & 255,
                                   'b': n >> 8 & 255, 'c': n & 255}
                       for n in range(start, end))
        token = '<nextToken>page-%d</nextToken>' % len(made) \
            if end < count else ''
        made.append(answer('DescribeInstances', '<reservationSet>' + rows +
                           '</reservationSet>' + token))
    return made


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_POST(self):
        length = int(self.headers.get('Content-Length', 0))
        form = dict(urllib.parse.parse_qsl(self.rfile.read(length).decode()))
        action = form.get('Action', '')
        if action == 'DescribeInstances':
            token = form.get('NextToken', 'page--1')
            body = self.server.pages[int(token[5:]) + 1]
        else:
            body = answer(action, SMALL.get(action, ''))
        self.send_response(200)
        self.send_header('Content-Type', 'text/xml;charset=UTF-8')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def main():
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    server.daemon_threads = True
    server.pages = pages(int(sys.argv[1]),
                         int(sys.argv[2]) if len(sys.argv) > 2 else 1000)
    print('http://127.0.0.1:%d' % server.server_port,
          sum(map(len, server.pages)), flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
    os._exit(0)


main()
