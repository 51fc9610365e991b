package telemetry

import "github.com/prometheus/client_golang/prometheus"

// Gauges has numbers read together whenever somebody looks, by the value of one label; none while read fails.
func (m *Metrics) Gauges(name, help, label string, read func() (map[string]float64, error)) {
	m.registry.MustRegister(gauges{prometheus.NewDesc(name, help, []string{label}, nil), read})
}

type gauges struct {
	desc *prometheus.Desc
	read func() (map[string]float64, error)
}

// Describe tells which family it is.
func (g gauges) Describe(all chan<- *prometheus.Desc) { all <- g.desc }

// Collect reads.
func (g gauges) Collect(all chan<- prometheus.Metric) {
	values, err := g.read()
	if err != nil {
		return // whoever has the fault tells of it
	}
	for label, value := range values {
		all <- prometheus.MustNewConstMetric(g.desc, prometheus.GaugeValue, value, label)
	}
}
