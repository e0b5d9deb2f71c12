package oci

var Loopback = loopback
