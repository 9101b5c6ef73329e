// Command apiserver is the API server of custom resources alone, as Kubernetes publishes it: its storage, and so its
// encryption at rest, is that of kube-apiserver.
package main

import (
	"os"

	"k8s.io/apiextensions-apiserver/pkg/cmd/server"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/component-base/cli"
)

func main() {
	context := genericapiserver.SetupSignalContext()
	os.Exit(cli.Run(server.NewServerCommand(context, os.Stdout, os.Stderr)))
}
