"""The stage `augment`: deformed copies made ahead, and the random samples that training draws."""
