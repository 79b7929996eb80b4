"""Forms: what pages ask customers, parsed into what verbs take."""
