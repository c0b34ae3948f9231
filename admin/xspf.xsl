<!-- A mount's XSPF playlist (xspf.org, version 1): /mount.xspf. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:output method="xml" media-type="application/xspf+xml" encoding="UTF-8" indent="yes"/>

<xsl:template match="/icestats">
<playlist version="1" xmlns="http://xspf.org/ns/0/">
<title><xsl:value-of select="source[1]/server_name"/></title>
<creator><xsl:value-of select="server_id"/></creator>
<trackList>
<xsl:for-each select="source">
<track>
<location><xsl:value-of select="listenurl"/></location>
<xsl:if test="string(artist)"><creator><xsl:value-of select="artist"/></creator></xsl:if>
<title><xsl:value-of select="title"/></title>
<annotation><xsl:call-template name="lines"/></annotation>
<xsl:if test="string(server_url)"><info><xsl:value-of select="server_url"/></info></xsl:if>
</track>
</xsl:for-each>
</trackList>
</playlist>
</xsl:template>

<xsl:template name="lines">
<xsl:call-template name="line"><xsl:with-param name="label">Stream Title: </xsl:with-param><xsl:with-param name="value" select="server_name"/></xsl:call-template>
<xsl:call-template name="line"><xsl:with-param name="label">Stream Description: </xsl:with-param><xsl:with-param name="value" select="server_description"/></xsl:call-template>
<xsl:call-template name="line"><xsl:with-param name="label">Content Type:</xsl:with-param><xsl:with-param name="value" select="server_type"/></xsl:call-template>
<xsl:call-template name="line"><xsl:with-param name="label">Bitrate: </xsl:with-param><xsl:with-param name="value" select="bitrate"/></xsl:call-template>
<xsl:call-template name="line"><xsl:with-param name="label">Quality: </xsl:with-param><xsl:with-param name="value" select="quality"/></xsl:call-template>
<xsl:call-template name="line"><xsl:with-param name="label">Video Quality: </xsl:with-param><xsl:with-param name="value" select="video_quality"/></xsl:call-template>
<xsl:call-template name="line"><xsl:with-param name="label">Framesize: </xsl:with-param><xsl:with-param name="value" select="frame_size"/></xsl:call-template>
<xsl:call-template name="line"><xsl:with-param name="label">Framerate: </xsl:with-param><xsl:with-param name="value" select="frame_rate"/></xsl:call-template>
<xsl:call-template name="line"><xsl:with-param name="label">Current Listeners: </xsl:with-param><xsl:with-param name="value" select="listeners"/></xsl:call-template>
<xsl:call-template name="line"><xsl:with-param name="label">Peak Listeners: </xsl:with-param><xsl:with-param name="value" select="listener_peak"/></xsl:call-template>
<xsl:call-template name="line"><xsl:with-param name="label">Stream Genre: </xsl:with-param><xsl:with-param name="value" select="genre"/></xsl:call-template>
</xsl:template>

<xsl:template name="line">
<xsl:param name="label"/>
<xsl:param name="value"/>
<xsl:if test="string($value)"><xsl:value-of select="concat($label, $value, '&#10;')"/></xsl:if>
</xsl:template>
</xsl:stylesheet>
